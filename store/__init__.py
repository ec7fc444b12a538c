"""Every row of the activity log: captures become redacted activities, and are kept and found."""
