"""The Manufacturer Incident Report of the European Union and Great Britain: content, checks, files, XML. Pure."""
