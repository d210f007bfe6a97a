"""What Latchkey's MigrationUrl asks, in the FastAPI app whose users move (docs/migrate.md). Add `router` to the app.

pip install fastapi uvicorn
MIGRATION_SECRET=… DATABASE=users.db uvicorn bridge:app --port 8081
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

KEY = base64.b64decode(os.environ["MIGRATION_SECRET"].removeprefix("whsec_"))
router = APIRouter()


def is_signed(headers, body):
    """Returns whether this Latchkey sent it, within five minutes (Standard Webhooks)."""
    sent, signatures = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not KEY or not sent.isdecimal() or abs(time.time() - int(sent)) > 300:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(KEY, signed, "sha256"))
    return any(hmac.compare_digest(expected, one.encode()) for one in signatures.split())


def authenticate_user(username, password):
    """The app's own: its table, its hashes. Here they are SQLite's and scrypt's."""
    with sqlite3.connect(os.environ["DATABASE"]) as database:
        database.row_factory = sqlite3.Row
        query = "SELECT * FROM users WHERE username = lower(?) OR email = lower(?)"
        user = database.execute(query, (username, username)).fetchone()
    if user is None:
        return None
    salt, stored = (bytes.fromhex(part) for part in user["hashed_password"].split("$"))
    computed = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    return user if hmac.compare_digest(computed, stored) and not user["disabled"] else None


@router.post("/latchkey")
async def latchkey(request: Request):
    body = await request.body()
    if not is_signed(request.headers, body):
        # Not 401: Latchkey logs it, so that a wrong secret shows.
        raise HTTPException(403)
    question = json.loads(body)
    user = await run_in_threadpool(authenticate_user, question["username"], question["password"])
    if user is None:
        raise HTTPException(401)
    return {name: user[name] for name in ("username", "email", "full_name")}


app = FastAPI()
app.include_router(router)
