"""A certificate pool and an OCSP responder on a real port of this machine, for tests."""

from __future__ import annotations

import base64
import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp

from ohmstead.apps.testpki import TestAuthorities

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


class Server:
    """Answers as a pool and as a responder; what it was asked is kept in ``asked``."""

    def __init__(self, now_ms, generation=2):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer(b"")

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def answer(self, body):
                outer.asked.append((self.path, body, dict(self.headers)))
                status, answer = outer.reply(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                if status in (301, 302):
                    self.send_header("Location", "/ocsp")
                self.end_headers()
                self.wfile.write(answer)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        self.asked, self.faults, self.revoked = [], [], set()
        self.now_ms = now_ms
        self.pki = TestAuthorities(now_ms, generation, f"{self.url}/ocsp")
        self.good_for = HOUR
        self.exi = base64.b64encode(b"the car's answer").decode()
        self.signer = self.pki.responder
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def paths(self):
        return [path for path, _, _ in self.asked]

    def reply(self, path, body):
        """What is said; ``faults`` are said first, one after the other."""
        if self.faults:
            return self.faults.pop(0)
        pki = self.pki
        if path.startswith("/ocsp"):
            return 200, self.status(body)
        if path == "/v1/ccp/signedContractData":
            asked = json.loads(body)
            name = "Update" if "certificateUpdateReq" in asked else "Installation"
            message = {f"certificate{name}Res": self.exi, "emaid": "DEABCC12345678"}
            told = {"CCPResponse": {"emaidContent": [{"messageDef": message}]}}
            return 200, json.dumps(told).encode()
        if path == "/v1/root/rootCerts":
            kinds = {"MO": pki.mo_root, "V2G": pki.v2g_root, "OEM": pki.cpo_1}
            found = [
                {
                    "caCertificate": base64.b64encode(
                        pair.certificate.public_bytes(Encoding.DER)
                    ).decode(),
                    "rootType": kind,
                }
                for kind, pair in kinds.items()
            ]
            return 200, json.dumps(
                {"RootCertificateCollection": {"rootCertificates": found}}
            ).encode()
        if path == "/.well-known/cpo/simpleenroll":
            csr = x509.load_der_x509_csr(base64.b64decode(body))
            made = pki.sign_csr(csr, pki.cpo_2)
            return 200, base64.b64encode(pkcs7.serialize_certificates([made], Encoding.DER))
        if path == "/.well-known/cpo/cacerts":
            above = [pki.v2g_root.certificate, pki.cpo_1.certificate, pki.cpo_2.certificate]
            return 200, base64.b64encode(pkcs7.serialize_certificates(above, Encoding.DER))
        return 404, b"{}"

    def status(self, body):
        """An OCSP response by ``signer``: a responder of the lower MO authority, or an issuer."""
        asked = ocsp.load_der_ocsp_request(body)
        pki = self.pki
        pairs = [pki.mo_root, pki.mo_1, pki.mo_2, pki.v2g_root, pki.cpo_1, pki.cpo_2]
        issuer = next((one for one in pairs if key_hash(one) == asked.issuer_key_hash), None)
        if issuer is None:
            return ocsp.OCSPResponseBuilder.build_unsuccessful(
                ocsp.OCSPResponseStatus.UNAUTHORIZED
            ).public_bytes(Encoding.DER)
        signer = self.signer if issuer is pki.mo_2 else issuer
        now = EPOCH + datetime.timedelta(milliseconds=self.now_ms)
        is_revoked = asked.serial_number in self.revoked
        word = ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=word,
            this_update=now - HOUR,
            next_update=now + self.good_for if self.good_for is not None else None,
            revocation_time=now - HOUR if is_revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        above = pki.mo_2.certificate, pki.mo_1.certificate
        builder = builder.certificates([signer.certificate, *above])
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def key_hash(pair):
    made = ocsp.OCSPRequestBuilder().add_certificate(
        pair.certificate, pair.certificate, hashes.SHA256()
    )
    return made.build().issuer_key_hash


def hash_data(certificate, issuer, url):
    """How a station names a certificate."""
    made = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": made.issuer_name_hash.hex(),
        "issuerKeyHash": made.issuer_key_hash.hex(),
        "serialNumber": f"{made.serial_number:x}",
        "responderURL": url,
    }
