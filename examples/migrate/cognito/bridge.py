"""What Latchkey's MigrationUrl asks, in front of a Cognito user pool (docs/migrate.md): a Lambda function with a URL."""

import base64
import hmac
import json
import os
import time

import boto3

KEY = base64.b64decode(os.environ["MIGRATION_SECRET"].removeprefix("whsec_"))
POOL, CLIENT = os.environ["USER_POOL_ID"], os.environ["CLIENT_ID"]
COGNITO = boto3.client("cognito-idp")
# A wrong password, or a user who is disabled, unknown, unconfirmed or must choose another password first.
REFUSALS = (
    "NotAuthorizedException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "PasswordResetRequiredException",
    # A name that no pool has.
    "InvalidParameterException",
)


def is_signed(headers, body):
    """Returns whether this Latchkey sent it, within five minutes (Standard Webhooks)."""
    sent, signatures = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not KEY or not sent.isdecimal() or abs(time.time() - int(sent)) > 300:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(KEY, signed, "sha256"))
    return any(hmac.compare_digest(expected, one.encode()) for one in signatures.split())


def authenticate_user(username, password):
    """Returns the user's names where the password is right, and all that Cognito asks for."""
    try:
        result = COGNITO.admin_initiate_auth(
            UserPoolId=POOL,
            ClientId=CLIENT,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
        # A challenge, such as that of a second factor, which would be lost here.
        if "AuthenticationResult" not in result:
            return None
        user = COGNITO.admin_get_user(UserPoolId=POOL, Username=username)
    except COGNITO.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in REFUSALS:
            return None
        raise
    attributes = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
    profile = {"full_name": attributes.get("name")}
    # Where users log in by their address, the pool's own username is the `sub`, which none of them knows. One that is an address is no
    # username of Latchkey's.
    if user["Username"] != attributes["sub"] and "@" not in user["Username"]:
        profile["username"] = user["Username"]
    if attributes.get("email_verified") == "true":
        profile["email"] = attributes["email"]
    return profile


def handler(event, _context):
    body = event.get("body", "")
    body = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
    if not is_signed(event["headers"], body):
        # Not 401: Latchkey logs it, so that a wrong secret shows.
        return {"statusCode": 403}
    question = json.loads(body)
    profile = authenticate_user(question["username"], question["password"])
    if profile is None:
        return {"statusCode": 401}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(profile)}
