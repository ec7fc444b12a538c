"""Telemetry by Pub/Sub as Google's library speaks it by default: gRPC, a success and a failure."""

import sys

from google.api_core.exceptions import NotFound
from google.oauth2.credentials import Credentials
from google.pubsub_v1 import PublisherClient

publisher = PublisherClient(
    credentials=Credentials(sys.argv[1]),
    client_options={"api_endpoint": "europe-west1-pubsub.googleapis.com"},
)
publisher.publish(topic="projects/p/topics/t", messages=[{"data": b"on"}], timeout=10)
try:
    publisher.publish(topic="projects/p/topics/none", messages=[{"data": b"on"}], timeout=10)
except NotFound:
    pass
else:
    raise SystemExit("the failure did not reach the service")
