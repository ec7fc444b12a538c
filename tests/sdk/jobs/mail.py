"""Mails by SendGrid."""

import sys

from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail

client = SendGridAPIClient("SG." + sys.argv[1])
client.client.scopes.get()
client.send(
    Mail(
        from_email="a@example.com",
        to_emails="b@example.com",
        subject="Alarm",
        plain_text_content="It is hot.",
    )
)
