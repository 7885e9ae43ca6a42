# SPDX-License-Identifier: Apache-2.0
# Installs scripts/. With LLMSEG_VENV, requirements-inference.txt (with LLMSEG_TEST_ALL requirements-
# test.txt) goes into the virtual environment share/llmseg_ros/venv of the installation, which sees the
# system's packages, rclpy among them, and the scripts name its Python in their first line. Nothing
# else on the machine changes.
file(GLOB scripts RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" CONFIGURE_DEPENDS "scripts/llmseg*")

if(NOT LLMSEG_VENV)
  install(PROGRAMS ${scripts} DESTINATION lib/${PROJECT_NAME})
  return()
endif()

# Made here and filled when installing: ament looks for pytest in it when configuring.
set(venv "${CMAKE_INSTALL_PREFIX}/share/${PROJECT_NAME}/venv")
set(LLMSEG_PYTHON "${venv}/bin/python3")
execute_process(COMMAND_ERROR_IS_FATAL ANY
  COMMAND "${Python3_EXECUTABLE}" -m venv --system-site-packages "${venv}")

foreach(script ${scripts})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${script}")
  file(READ "${script}" text)
  string(REGEX REPLACE "^#!/usr/bin/env python3\n" "#!${LLMSEG_PYTHON}\n" text "${text}")
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/${script}" "${text}")
  file(CHMOD "${CMAKE_CURRENT_BINARY_DIR}/${script}" PERMISSIONS  # --symlink-install links it
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  install(PROGRAMS "${CMAKE_CURRENT_BINARY_DIR}/${script}"
    DESTINATION lib/${PROJECT_NAME})
endforeach()

if(LLMSEG_TEST_ALL)
  set(requirements "${CMAKE_CURRENT_SOURCE_DIR}/requirements-test.txt")
else()
  set(requirements "${CMAKE_CURRENT_SOURCE_DIR}/requirements-inference.txt")
endif()
install(CODE "
  set(wanted \"${requirements}\")
  foreach(name requirements-inference requirements-training requirements-test constraints)
    file(SHA256 \"${CMAKE_CURRENT_SOURCE_DIR}/\${name}.txt\" digest)
    string(APPEND wanted \" \${digest}\")
  endforeach()
  set(stamp \"${venv}/llmseg-installed\")
  set(installed \"\")
  if(EXISTS \"\${stamp}\")
    file(READ \"\${stamp}\" installed)
  endif()
  if(NOT installed STREQUAL wanted)
    message(STATUS \"Installing ${requirements} into ${venv} (some minutes)\")
    execute_process(COMMAND_ERROR_IS_FATAL ANY
      COMMAND \"${LLMSEG_PYTHON}\" -m pip --disable-pip-version-check install --quiet
        --requirement \"${requirements}\")
    file(WRITE \"\${stamp}\" \"\${wanted}\")
  endif()")
