"""Analysis entities by subject. Other code imports them from `app.models`."""
