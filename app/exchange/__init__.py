"""Files in and out: import sheets, the importer, exports, the nightly feed and the push API."""
