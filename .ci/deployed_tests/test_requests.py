"""What the black-box suite and try.sh do not show of requests through a gateway."""


def test_letters_beyond_ascii_come_back_as_they_were_sent(api):
    response = api.register("johndoe", full_name="Jöhn 🔑 Doe")
    assert (response.status_code, response.json()["full_name"]) == (201, "Jöhn 🔑 Doe")
    assert api.me(api.log_in("johndoe").json()["access_token"]).json() == response.json()


def test_json_that_is_no_utf_8_is_rejected(api):
    # The emulator hands JSON on as text, with a replacement character for what is no UTF-8.
    response = api.request("POST", "/register", headers={"content-type": "application/json"}, data=b'{"username":"\xff\xfe"}')
    assert response.status_code in (400, 422)


def test_a_token_of_10_000_bytes_reaches_the_function(api):
    response = api.me("x" * 10_000)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
