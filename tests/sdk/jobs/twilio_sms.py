"""A text message by Twilio."""

import sys

from twilio.rest import Client

Client("AC" + "0" * 32, sys.argv[1]).messages.create(
    to="+4912345", from_="+4954321", body="It is hot."
)
