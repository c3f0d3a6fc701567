"""Tables: functions from fits and surveys to small frozen tables."""
