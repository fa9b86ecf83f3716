"""DataTransfer: what stations say in words of a vendor, answered by whoever knows them."""
