"""Stripe: connection test, a list, a creation. The library trusts only its own file of roots
unless told otherwise."""

import os
import sys

import stripe

stripe.ca_bundle_path = os.environ["SSL_CERT_FILE"]
client = stripe.StripeClient("sk_" + "test_" + sys.argv[1])
client.v1.balance.retrieve()
client.v1.customers.list({"limit": 3})
client.v1.customers.create({"email": "b@example.com", "metadata": {"order": "o-1"}})
