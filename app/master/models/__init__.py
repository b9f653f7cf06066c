"""Master data by subject. Other code imports entities from `app.models`."""
