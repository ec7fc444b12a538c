"""A mail by Gmail with Google's API client (httplib2)."""

import base64
import sys

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

gmail = build("gmail", "v1", credentials=Credentials(sys.argv[1]), static_discovery=True)
raw = base64.urlsafe_b64encode(b"To: b@example.com\r\nSubject: Alarm\r\n\r\nHot.").decode()
gmail.users().messages().send(userId="me", body={"raw": raw}).execute()
