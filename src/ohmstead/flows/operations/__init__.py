"""Running a house from day to day: restoring it, telling others, raising alarms."""
