"""Google IoT sync: telemetry and commands by Pub/Sub's REST interface, with Google's client."""

import sys

from google.oauth2.credentials import Credentials
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherRestTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberRestTransport

credentials = Credentials(sys.argv[1])
publisher = PublisherClient(transport=PublisherRestTransport(credentials=credentials))
subscriber = SubscriberClient(transport=SubscriberRestTransport(credentials=credentials))
list(publisher.list_topics(project="projects/p"))
publisher.publish(topic="projects/p/topics/t", messages=[{"data": b"on"}])
subscriber.pull(subscription="projects/p/subscriptions/s", max_messages=5)
