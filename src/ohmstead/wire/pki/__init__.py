"""Certificates of ISO 15118 and OCSP, bytes to judgements and back; pure, like all of wire."""
