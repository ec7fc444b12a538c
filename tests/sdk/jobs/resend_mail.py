"""A mail by Resend."""

import sys

import resend

resend.api_key = "re_" + sys.argv[1]
resend.Emails.send(
    {"from": "a@example.com", "to": ["b@example.com"], "subject": "Alarm", "text": "It is hot."}
)
