# SPDX-License-Identifier: Apache-2.0
# What `colcon test` runs: the tests of what was installed, but the slow ones and those for a GPU.
find_package(ament_cmake_pytest REQUIRED)

set(python)
if(LLMSEG_VENV)
  set(python PYTHON_EXECUTABLE "${LLMSEG_PYTHON}")
endif()

# Each is a test of its own. The plugins that are left out take no newer pytest, and are not used.
file(GLOB places RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}/test" CONFIGURE_DEPENDS "test/ros/*")
list(FILTER places EXCLUDE REGEX "__pycache__|conftest|launch_test")
if(LLMSEG_TEST_ALL)
  list(APPEND places core training nothing_lost)
endif()
foreach(place ${places})
  string(REGEX REPLACE "/(test_)?" "_" name "${place}")
  string(REGEX REPLACE "[.]py$" "" name "${name}")
  ament_add_pytest_test(${name} "test/${place}"
    ${python}
    ENV "PYTEST_ADDOPTS=-m 'not slow and not gpu and not browser' -p no:launch_testing -p no:launch_testing_ros"
    TIMEOUT 1200)
endforeach()

# Launch files, where the package that runs them is installed.
find_package(launch_testing_ament_cmake QUIET)
if(launch_testing_ament_cmake_FOUND)
  add_launch_test(test/ros/launch_test_llmseg.py TARGET ros_llmseg_launch TIMEOUT 240)
endif()
