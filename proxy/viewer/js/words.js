// The log's closed lists in plain words: labels and icons.

export const STATUS = {
  success: { label: "Success", icon: "check", text: "Answered below 400" },
  failed: { label: "Failed", icon: "cross", text: "Answered 400 or above, or a gRPC error" },
  timeout: { label: "Timeout", icon: "clock", text: "A deadline passed" },
  error: { label: "Error", icon: "broken", text: "No complete answer" },
  started: { label: "Started", icon: "spinner", text: "No answer yet" },
};

export const DIRECTION = {
  outgoing: { label: "Outgoing", icon: "up-right", text: "The service called a partner" },
  incoming: { label: "Incoming", icon: "down-left", text: "A partner called the service" },
};

export const TYPE = {
  test_connection: "Connection test",
  sync_import: "Sync, import",
  sync_export: "Sync, export",
  sync_bidirectional: "Sync, both ways",
  webhook_received: "Webhook received",
  notification_email: "E-mail notification",
  notification_slack: "Slack notification",
  notification_webhook: "Webhook notification",
  api_call: "API call",
  device_create: "Device created",
  device_update: "Device updated",
  device_delete: "Device deleted",
  other: "Other",
};

/** A name for a place where rows were lost. */
export const DROPPED = {
  queue_full: "the queue to the keeper was full",
  poison: "they could not be processed",
  worker_died: "a worker process died",
};
