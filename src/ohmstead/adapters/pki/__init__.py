"""The ISO 15118 PKI behind the port ``Pki``: a certificate pool over HTTP, OCSP, or nobody."""
