"""What an exchange was for: provider, integration and activity type, from data and rules."""
