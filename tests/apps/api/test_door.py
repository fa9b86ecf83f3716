"""The door: nothing but health, locations, receipts and pages is anonymous; a wrong key gets
nowhere, and every route lets in exactly the scopes it names."""

from __future__ import annotations

import json
import re

import pytest

from ohmstead.apps.api.guard import PUBLIC, SCOPES, key_text
from ohmstead.apps.api.keys import find_caller, fresh_key
from ohmstead.apps.gateway.failures import FAILURES_MAX
from ohmstead.core.access import ApiKey, Scope
from tests.apps.api.desk import ImitatedSettlement, problem, walk

ANYBODY = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/api/v1/healthz"),
    ("GET", "/api/v1/readyz"),
    ("GET", "/api/v1/locations"),
    # What was revoked is asked by whoever was shown a certificate.
    ("GET", "/api/v1/pki/ca.crl"),
    ("POST", "/api/v1/pki/ocsp"),
    ("GET", "/api/v1/sessions/{session_id}/receipt"),
    ("GET", "/s/{session_id}"),
    ("GET", "/"),
}


def routes_of(app):
    """(method, path, what its handler says) of every route that is ours."""
    for route in app.routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for handler in getattr(route, "route_handlers", []):
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                yield method, path, handler.opt


def filled(path):
    """A path whose holes are filled with what does not exist."""
    return re.sub(r"\{(\w+)\}", lambda match: "1" if match[1] == "number" else "nothing", path)


def test_only_what_is_named_here_is_anonymous(tmp_path):
    async def scenario(desk):
        found = {(method, path) for method, path, opt in routes_of(desk.app) if opt.get(PUBLIC)}
        assert found == ANYBODY
        for method, path, opt in routes_of(desk.app):
            if not opt.get(PUBLIC):
                answer = await desk.nobody.request(method, filled(path), json={})
                problem(answer, 401, "unauthorised")
                assert answer.headers["www-authenticate"].startswith("Bearer")

    walk(tmp_path, scenario)


def test_every_route_lets_in_exactly_the_scopes_it_names(tmp_path):
    async def scenario(desk):
        for method, path, opt in routes_of(desk.app):
            if opt.get(PUBLIC):
                continue
            for scope in set(Scope) - {Scope.ADMIN}:
                client = desk.clients[scope.value]
                answer = await client.request(method, filled(path), json={})
                where = (method, path, scope)
                if scope in opt.get(SCOPES, ()):
                    assert answer.status_code not in (401, 403), where
                else:
                    assert problem(answer, 403, "scope"), where

    walk(tmp_path, scenario, settlement=ImitatedSettlement())


def test_no_scope_but_admin_handles_keys_closes_epochs_or_makes_money(tmp_path):
    async def scenario(desk):
        lone = {(m, p) for m, p, opt in routes_of(desk.app) if opt.get(SCOPES) == frozenset()}
        assert lone == {
            ("GET", "/api/v1/keys"),
            ("POST", "/api/v1/keys"),
            ("DELETE", "/api/v1/keys/{key_id}"),
            ("POST", "/api/v1/epochs"),
            ("POST", "/api/v1/faucet"),
            ("POST", "/api/v1/resume"),
            ("POST", "/api/v1/alerts/test-mail"),
            ("POST", "/api/v1/persons/report"),
            ("POST", "/api/v1/persons/forget"),
            ("POST", "/api/v1/persons/forgotten"),
            ("POST", "/api/v1/persons/again"),
            ("GET", "/api/v1/persons/requests"),
            ("GET", "/api/v1/persons/requests/{request_id}"),
            ("GET", "/api/v1/data-transfer-hooks"),
            ("GET", "/api/v1/webhooks"),
            ("POST", "/api/v1/webhooks"),
            ("DELETE", "/api/v1/webhooks/{webhook_id}"),
            ("GET", "/api/v1/webhooks/{webhook_id}/deliveries"),
            ("POST", "/api/v1/webhooks/{webhook_id}/enable"),
            ("POST", "/api/v1/webhooks/{webhook_id}/replay"),
            ("POST", "/api/v1/webhooks/{webhook_id}/test"),
        }
        unnamed = [p for _, p, opt in routes_of(desk.app) if not {SCOPES, PUBLIC} & opt.keys()]
        assert unnamed == []  # a route that forgets to say is admin's, and is no accident here

    walk(tmp_path, scenario)


def test_wrong_keys_are_refused_and_soon_not_even_answered_in_full(tmp_path):
    async def scenario(desk):
        record, text = desk.keys["read"]
        wrong = f"ohm_{record.id}_{'0' * 64}"
        for _ in range(FAILURES_MAX):
            answer = await desk.nobody.get("/api/v1/status", headers=bearer(wrong))
            problem(answer, 401, "unauthorised")
        answer = await desk.nobody.get("/api/v1/status", headers=bearer(wrong))
        problem(answer, 429, "too-many-failures")
        assert int(answer.headers["retry-after"]) > 0
        # The right key of somebody else behind the same address is let in all the same.
        assert (await desk.nobody.get("/api/v1/status", headers=bearer(text))).status_code == 200
        # A wrong key gets nowhere on an open route either: its bearer should learn of it.
        problem(await desk.nobody.get("/healthz", headers=bearer(wrong)), 429)

    walk(tmp_path, scenario)


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("", None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic eDphYmM=", "abc"),  # x:abc
        ("Basic ?", ""),
        ("Basic /w==", ""),
        ("Digest abc", ""),
    ],
)
def test_a_key_is_read_from_bearer_or_from_the_password_of_basic(header, text):
    assert key_text(header) == text


def test_a_revoked_key_opens_nothing_and_a_key_cannot_revoke_itself(tmp_path):
    async def scenario(desk):
        made = await desk.admin.post("/api/v1/keys", json={"scopes": ["read"], "name": "shop"})
        assert made.status_code == 201
        text, key_id = made.json()["key"], made.json()["id"]
        assert (await desk.nobody.get("/api/v1/status", headers=bearer(text))).status_code == 200
        assert (await desk.admin.delete(f"/api/v1/keys/{key_id}")).status_code == 204
        problem(await desk.nobody.get("/api/v1/status", headers=bearer(text)), 401)
        listed = {one["id"]: one for one in (await desk.admin.get("/api/v1/keys")).json()["items"]}
        assert listed[key_id]["revoked"]
        own = desk.keys["admin"][0].id
        problem(await desk.admin.delete(f"/api/v1/keys/{own}"), 409, "conflict")
        problem(await desk.admin.delete("/api/v1/keys/nothing"), 404, "not-found")

    walk(tmp_path, scenario)


def test_no_answer_and_no_record_holds_the_secret_of_a_key(tmp_path):
    async def scenario(desk):
        record, text = desk.keys["host"]
        secret = text.rpartition("_")[2]
        assert secret not in (await desk.admin.get("/api/v1/keys")).text
        stored = desk.house.store.get(ApiKey, record.id)
        assert secret not in repr(stored)
        assert stored.mac not in (await desk.admin.get("/api/v1/keys")).text
        assert find_caller(desk.house.store, b"another pepper", text) is None

    walk(tmp_path, scenario)


def test_a_drivers_key_names_its_payer(tmp_path):
    async def scenario(desk):
        answer = await desk.admin.post("/api/v1/keys", json={"scopes": ["driver"]})
        assert "payer" in problem(answer, 400, "bad-request")["detail"]
        for body in ({"scopes": []}, {"scopes": ["root"]}, {}):
            problem(await desk.admin.post("/api/v1/keys", json=body), 400, "bad-request")

    walk(tmp_path, scenario)


def test_a_key_may_be_used_as_the_password_of_a_browser(tmp_path):
    async def scenario(desk):
        answer = await desk.nobody.get("/", params={"signin": "1"})
        problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Basic")
        page = await desk.nobody.get("/", auth=("me", desk.keys["read"][1]))
        assert "Sessions by state" in page.text
        assert "Sessions by state" not in (await desk.nobody.get("/")).text
        wrong = await desk.nobody.get("/", auth=("me", "wrong"))
        assert wrong.headers["www-authenticate"].startswith("Basic")

    walk(tmp_path, scenario)


def test_two_keys_are_never_the_same():
    one, text = fresh_key(b"p", (Scope.READ,), "", 1)
    other, other_text = fresh_key(b"p", (Scope.READ,), "", 1)
    assert one.id != other.id
    assert text != other_text
    assert one.mac != other.mac


def test_the_contract_of_the_api_is_openapi_31_and_names_every_route(tmp_path):
    async def scenario(desk):
        contract = (await desk.read.get("/api/v1/openapi.json")).json()
        assert contract["openapi"].startswith("3.1")
        json.dumps(contract)
        described = {
            (method.upper(), path)
            for path, item in contract["paths"].items()
            for method in item
            if method in {"get", "post", "put", "patch", "delete"}
        }
        unsaid = {("GET", "/"), ("GET", "/s/{session_id}"), ("GET", "/api/v1/openapi.json")}
        assert described | unsaid == {(m, p) for m, p, _ in routes_of(desk.app)}

    walk(tmp_path, scenario)
