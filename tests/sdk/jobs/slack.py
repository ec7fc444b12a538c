"""Slack: connection test, a message, a file, an incoming webhook."""

import sys

from slack_sdk import WebClient, WebhookClient

client = WebClient(token="xoxb-" + sys.argv[1])
client.auth_test()
client.chat_postMessage(channel="C1", text="It is hot.")
client.files_upload_v2(channel="C1", filename="log.txt", content="hot")
WebhookClient("https://hooks.slack.com/services/T000/B000/" + sys.argv[1]).send(text="It is hot.")
