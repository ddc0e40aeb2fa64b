"""What happens around the code on the pack: links, scans."""
