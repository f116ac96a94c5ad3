"""The prompt studio: a city reads its own sentences, hears them as on the telephone, and publishes them."""
