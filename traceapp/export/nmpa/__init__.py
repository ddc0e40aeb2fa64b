"""The reports of China: device, drug and cosmetic forms, their checks, and how complete a device report is. Pure."""
