# SPDX-License-Identifier: Apache-2.0
"""Names that ROS 2 Humble has, from the branches `humble` of rclpy, its messages and launch.

Humble is the oldest distribution that is supported, and the only one without wheels to test with.
Public names of each module, without what it imports from the standard library.
"""

from __future__ import annotations

NAMES: dict[str, str] = {
    "rclpy": (
        "Context Future Parameter SignalHandlerOptions create_node get_default_context "
        "get_global_executor get_rmw_implementation_identifier init install_signal_handlers ok "
        "shutdown spin spin_once spin_until_future_complete try_shutdown "
        "uninstall_signal_handlers"
    ),
    "rclpy.action": (
        "ActionClient ActionServer CancelResponse GoalResponse "
        "get_action_client_names_and_types_by_node "
        "get_action_names_and_types get_action_server_names_and_types_by_node"
    ),
    "rclpy.callback_groups": "CallbackGroup MutuallyExclusiveCallbackGroup ReentrantCallbackGroup",
    "rclpy.clock": (
        "Clock ClockChange ClockType Duration JumpHandle JumpThreshold NotInitializedException "
        "ROSClock Time TimeJump get_default_context"
    ),
    "rclpy.exceptions": (
        "InvalidHandle InvalidNamespaceException InvalidNodeNameException "
        "InvalidParameterException InvalidParameterTypeException InvalidParameterValueException "
        "InvalidServiceNameException InvalidTopicNameException NameValidationException "
        "NoTypeSupportImportedException NotInitializedException ParameterAlreadyDeclaredException "
        "ParameterException ParameterImmutableException ParameterNotDeclaredException "
        "ParameterUninitializedException ROSInterruptException"
    ),
    "rclpy.executors": (
        "Client Clock ClockType ConditionReachedException Context Executor "
        "ExternalShutdownException Future GuardCondition InvalidHandle MultiThreadedExecutor "
        "NumberOfEntities Service ShutdownException SignalHandlerGuardCondition "
        "SingleThreadedExecutor Subscription Task TimeoutException TimeoutObject Timer Waitable "
        "WaitableEntityType await_or_execute get_default_context timeout_sec_to_nsec"
    ),
    "rclpy.node": (
        "CallbackGroup Client Clock Context Executor FloatingPointRange GuardCondition "
        "HIDDEN_NODE_PREFIX IntegerRange InvalidHandle InvalidParameterTypeException "
        "InvalidParameterValueException InvalidTopicNameException MsgType "
        "MutuallyExclusiveCallbackGroup Node NodeNameNonExistentError NotInitializedException "
        "PARAMETER_SEPARATOR_STRING Parameter ParameterAlreadyDeclaredException "
        "ParameterDescriptor ParameterEvent ParameterImmutableException ParameterMsg "
        "ParameterNotDeclaredException ParameterService ParameterType "
        "ParameterUninitializedException ParameterValue Publisher PublisherEventCallbacks "
        "QoSOverridingOptions QoSProfile ROSClock Rate ReentrantCallbackGroup S_TO_NS Service "
        "SetParametersResult SrvType SrvTypeRequest SrvTypeResponse Subscription "
        "SubscriptionEventCallbacks TimeSource Timer TopicEndpointInfo Waitable "
        "check_is_valid_msg_type check_is_valid_srv_type expand_topic_name get_default_context "
        "get_logger qos_profile_parameter_events qos_profile_services_default "
        "validate_full_topic_name validate_namespace validate_node_name validate_parameter_name "
        "validate_topic_name"
    ),
    "rclpy.parameter": (
        "PARAMETER_SEPARATOR_STRING Parameter ParameterMsg ParameterType ParameterValue "
        "parameter_value_to_python"
    ),
    "rclpy.qos": (
        "DurabilityPolicy Duration HistoryPolicy InvalidQoSProfileException LivelinessPolicy "
        "QoSCompatibility QoSDurabilityPolicy QoSHistoryPolicy QoSLivelinessPolicy QoSPolicyEnum "
        "QoSPolicyKind QoSPresetProfiles QoSProfile QoSReliabilityPolicy ReliabilityPolicy "
        "qos_check_compatible qos_policy_name_from_kind qos_profile_action_status_default "
        "qos_profile_parameter_events qos_profile_parameters qos_profile_sensor_data "
        "qos_profile_services_default qos_profile_system_default qos_profile_unknown"
    ),
    "rclpy.qos_event": (
        "CallbackGroup NumberOfEntities PublisherEventCallbacks QoSEventHandler "
        "QoSLivelinessChangedInfo QoSLivelinessLostInfo QoSMessageLostInfo "
        "QoSOfferedDeadlineMissedInfo QoSOfferedIncompatibleQoSInfo QoSPublisherEventType "
        "QoSRequestedDeadlineMissedInfo QoSRequestedIncompatibleQoSInfo QoSSubscriptionEventType "
        "SubscriptionEventCallbacks UnsupportedEventTypeError Waitable get_logger "
        "qos_policy_name_from_kind"
    ),
    "rclpy.qos_overriding_options": (
        "Duration InvalidQosOverridesError Parameter ParameterAlreadyDeclaredException "
        "ParameterDescriptor Publisher QoSOverridingOptions QoSPolicyKind QoSProfile "
        "QosCallbackResult QosCallbackType SetParametersResult Subscription"
    ),
    "rclpy.serialization": "check_for_type_support deserialize_message serialize_message",
    "rclpy.signals": (
        "GuardCondition InvalidHandle SignalHandlerGuardCondition SignalHandlerOptions "
        "get_current_signal_handlers_options install_signal_handlers uninstall_signal_handlers"
    ),
    "rclpy.subscription": (
        "CallbackGroup MsgType QoSEventHandler QoSProfile Subscription SubscriptionEventCallbacks"
    ),
    "rclpy.task": "Future Task",
    "rclpy.time": "CONVERSION_CONSTANT Duration Time",
    "rclpy.timer": "InvalidHandle ROSInterruptException Rate Timer get_default_context",
    "rclpy.validate_topic_name": "TOPIC_SEPARATOR_STRING validate_topic_name",
    "rclpy.logging": (
        "LoggingSeverity clear_config get_logger get_logger_effective_level get_logging_directory "
        "get_logging_severity_from_string initialize set_logger_level shutdown"
    ),
    "rclpy.client": (
        "CallbackGroup Client Context Future QoSProfile SrvType SrvTypeRequest SrvTypeResponse"
    ),
    "rclpy.service": "CallbackGroup QoSProfile Service SrvType SrvTypeRequest SrvTypeResponse",
    "rclpy.publisher": (
        "CallbackGroup Duration MsgType Publisher PublisherEventCallbacks QoSEventHandler "
        "QoSProfile"
    ),
    "rclpy.guard_condition": "GuardCondition get_default_context",
    "rclpy.duration": "Duration Infinite S_TO_NS",
    "rclpy.context": "Context g_logging_configure_lock g_logging_ref_count ismethod",
    "rclpy.utilities": (
        "Context S_TO_NS g_context_lock g_default_context get_available_rmw_implementations "
        "get_default_context get_rmw_implementation_identifier ok remove_ros_args shutdown "
        "timeout_sec_to_nsec try_shutdown"
    ),
    "rclpy.type_support": (
        "NoTypeSupportImportedException check_for_type_support check_is_valid_msg_type "
        "check_is_valid_srv_type"
    ),
    "rclpy.wait_for_message": (
        "Node QoSProfile SignalHandlerGuardCondition timeout_sec_to_nsec wait_for_message"
    ),
    "rclpy.waitable": "NumberOfEntities Waitable",
    "rclpy.lifecycle": (
        "LifecycleNode LifecycleNodeMixin LifecyclePublisher LifecycleState ManagedEntity Node "
        "NodeMixin Publisher SimpleManagedEntity State TransitionCallbackReturn"
    ),
    "rcl_interfaces.msg": (
        "FloatingPointRange IntegerRange ListParametersResult Log Parameter ParameterDescriptor "
        "ParameterEvent ParameterEventDescriptors ParameterType ParameterValue "
        "SetParametersResult"
    ),
    "rcl_interfaces.srv": (
        "DescribeParameters GetParameterTypes GetParameters ListParameters SetParameters "
        "SetParametersAtomically"
    ),
    "lifecycle_msgs.msg": "State Transition TransitionDescription TransitionEvent",
    "lifecycle_msgs.srv": "ChangeState GetAvailableStates GetAvailableTransitions GetState",
    "builtin_interfaces.msg": "Duration Time",
    "sensor_msgs.msg": (
        "BatteryState CameraInfo ChannelFloat32 CompressedImage FluidPressure Illuminance Image "
        "Imu JointState Joy JoyFeedback JoyFeedbackArray LaserEcho LaserScan MagneticField "
        "MultiDOFJointState MultiEchoLaserScan NavSatFix NavSatStatus PointCloud PointCloud2 "
        "PointField Range RegionOfInterest RelativeHumidity Temperature TimeReference"
    ),
    "sensor_msgs.srv": "SetCameraInfo",
    "std_msgs.msg": (
        "Bool Byte ByteMultiArray Char ColorRGBA Empty Float32 Float32MultiArray Float64 "
        "Float64MultiArray Header Int16 Int16MultiArray Int32 Int32MultiArray Int64 "
        "Int64MultiArray Int8 Int8MultiArray MultiArrayDimension MultiArrayLayout String UInt16 "
        "UInt16MultiArray UInt32 UInt32MultiArray UInt64 UInt64MultiArray UInt8 UInt8MultiArray"
    ),
    "std_srvs.srv": "Empty SetBool Trigger",
    "diagnostic_msgs.msg": "DiagnosticArray DiagnosticStatus KeyValue",
    "diagnostic_msgs.srv": "AddDiagnostics SelfTest",
    "geometry_msgs.msg": (
        "Accel AccelStamped AccelWithCovariance AccelWithCovarianceStamped Inertia InertiaStamped "
        "Point Point32 PointStamped Polygon PolygonStamped Pose Pose2D PoseArray PoseStamped "
        "PoseWithCovariance PoseWithCovarianceStamped Quaternion QuaternionStamped Transform "
        "TransformStamped Twist TwistStamped TwistWithCovariance TwistWithCovarianceStamped "
        "Vector3 Vector3Stamped VelocityStamped Wrench WrenchStamped"
    ),
    "launch": (
        "Action Condition Event EventHandler InvalidLaunchFileError LaunchContext "
        "LaunchDescription LaunchDescriptionEntity LaunchDescriptionSource LaunchIntrospector "
        "LaunchService SomeActionsType SomeActionsType_types_tuple SomeSubstitutionsType "
        "SomeSubstitutionsType_types_tuple Substitution actions conditions descriptions events "
        "frontend logging substitutions"
    ),
    "launch.actions": (
        "AppendEnvironmentVariable DeclareLaunchArgument EmitEvent ExecuteLocal ExecuteProcess "
        "GroupAction IncludeLaunchDescription LogInfo OpaqueCoroutine OpaqueFunction "
        "PopEnvironment PopLaunchConfigurations PushEnvironment PushLaunchConfigurations "
        "RegisterEventHandler ResetEnvironment ResetLaunchConfigurations SetEnvironmentVariable "
        "SetLaunchConfiguration Shutdown TimerAction UnregisterEventHandler "
        "UnsetEnvironmentVariable UnsetLaunchConfiguration"
    ),
    "launch.conditions": (
        "IfCondition InvalidConditionExpressionError LaunchConfigurationEquals "
        "LaunchConfigurationNotEquals UnlessCondition evaluate_condition_expression"
    ),
    "launch.substitutions": (
        "AndSubstitution AnonName Command EnvironmentVariable FindExecutable LaunchConfiguration "
        "LocalSubstitution NotSubstitution OrSubstitution PathJoinSubstitution PythonExpression "
        "SubstitutionFailure TextSubstitution ThisLaunchFile ThisLaunchFileDir"
    ),
    "launch.launch_description_sources": (
        "AnyLaunchDescriptionSource FrontendLaunchDescriptionSource "
        "InvalidFrontendLaunchFileError InvalidLaunchFileError InvalidPythonLaunchFileError "
        "PythonLaunchDescriptionSource get_launch_description_from_any_launch_file "
        "get_launch_description_from_frontend_launch_file "
        "get_launch_description_from_python_launch_file load_python_launch_file_as_module"
    ),
    "launch.events": (
        "ExecutionComplete IncludeLaunchDescription Shutdown TimerEvent matches_action process"
    ),
    "launch.event_handlers": (
        "OnExecutionComplete OnIncludeLaunchDescription OnProcessExit OnProcessIO OnProcessStart "
        "OnShutdown event_named"
    ),
    "launch_ros.actions": (
        "ComposableNodeContainer LifecycleNode LoadComposableNodes Node PushRosNamespace RosTimer "
        "SetParameter SetParametersFromFile SetRemap SetUseSimTime"
    ),
    "launch_ros.substitutions": (
        "ExecutableInPackage FindPackage FindPackagePrefix FindPackageShare Parameter"
    ),
    "launch_ros.descriptions": "ComposableNode Parameter ParameterFile ParameterValue",
    "launch_ros.events": "lifecycle matches_node_name",
    "launch_ros.event_handlers": "OnStateTransition",
}
"""Module: names, separated by spaces."""
