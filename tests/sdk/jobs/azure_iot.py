"""Azure IoT sync with the registry manager."""

import base64
import sys

from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import QuerySpecification, Twin, TwinProperties

key = base64.b64encode(sys.argv[1].encode()).decode()
hub = IoTHubRegistryManager.from_connection_string(
    f"HostName=acme-hub.azure-devices.net;SharedAccessKeyName=owner;SharedAccessKey={key}"
)
hub.get_device_registry_statistics()
hub.get_devices(10)
hub.query_iot_hub(QuerySpecification(query="SELECT * FROM devices"))
hub.create_device_with_sas("kitchen", key, key, "enabled")
hub.update_device_with_sas("kitchen", "AAAA", key, key, "disabled")
hub.update_twin("kitchen", Twin(properties=TwinProperties(desired={"on": True})), "AAAA")
hub.delete_device("kitchen")
