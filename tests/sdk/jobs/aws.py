"""AWS IoT sync (control and data plane), a mail by SES, and a connection test by STS."""

import json
import sys

import boto3

session = boto3.Session("AKIA" + "FAKE0123456789AB", sys.argv[1], sys.argv[1], "eu-west-1")
session.client("sts").get_caller_identity()
iot = session.client("iot")
iot.describe_endpoint(endpointType="iot:Data-ATS")
iot.list_things(maxResults=10)
iot.create_thing(thingName="kitchen")
iot.update_thing(thingName="kitchen", attributePayload={"attributes": {"floor": "1"}})
iot.delete_thing(thingName="kitchen")
data = session.client("iot-data")
data.publish(topic="fleet/kitchen", qos=1, payload=json.dumps({"on": True}))
data.update_thing_shadow(thingName="kitchen", payload=json.dumps({"state": {}}))
session.client("sesv2").send_email(
    FromEmailAddress="a@example.com",
    Destination={"ToAddresses": ["b@example.com"]},
    Content={
        "Simple": {"Subject": {"Data": "Alarm"}, "Body": {"Text": {"Data": "It is hot."}}},
    },
)
