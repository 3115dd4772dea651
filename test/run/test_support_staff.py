# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's own people: no default credential, password and code, roles, and an end to all of it."""
import time

import support_staff as staff
from test_support import service  # noqa: F401


def test_the_first_start_lets_in_by_a_code_that_only_root_reads(service):
    setup = service.start().dir / "app/setup-code"
    assert setup.stat().st_mode & 0o777 == 0o600
    first, code = staff.Person(service), setup.read_text()
    assert code not in service.log() and "setup-code" in service.log()
    assert first.ask("GET", "/api/v1/staff")[0] == 401
    assert first.join("A" * 43)[0] == 403
    status, said = first.join(code, "short")
    assert (status, said["rule"]) == (400, "password.rules")
    assert first.join(code)[0] == 201
    assert not setup.exists()
    assert first.join(code)[0] == 403  # once
    assert first.login()[0] == 201
    assert first.ask("GET", "/api/v1/staff-self")[1]["roles"] == ["administrator"]
    assert service.stop() == 0  # and what is known lasts
    service.start()
    assert not setup.exists()
    assert first.ask("GET", "/api/v1/staff-self")[0] == 200
    raw = b"".join(f.read_bytes() for f in (service.dir / "app").iterdir())
    assert staff.PASSWORD.encode() not in raw and first.token.encode() not in raw and first.secret not in raw


def test_who_lost_the_answer_with_the_secret_is_invited_anew(service):
    first, setup = staff.Person(service.start()), service.dir / "app/setup-code"
    assert first.join(setup.read_text())[0] == 201 and not setup.exists()
    service.stop()
    service.start()
    again = staff.administrator(service)
    assert again.name == first.name and again.id == first.id and not setup.exists()
    first.step = again.step
    assert first.login()[0] == 403  # the secret of the lost answer counts no more


def test_a_login_takes_all_of_it_and_says_not_which_was_wrong(service):
    one = staff.administrator(service.start())
    words = set()
    for password, code in ((staff.PASSWORD, "000000"), ("another one, but long enough", one.code())):
        status, said = one.login(password, code)
        assert status == 403
        words.add((said["rule"], said["detail"]))
    one.name, known = "nobody", one.name
    status, said = one.login(code="123456")
    assert status == 403 and words == {(said["rule"], said["detail"])}
    one.name = known
    one.step -= 1  # a wrong password uses no code up
    code = one.code()
    assert one.login(code=code)[0] == 201
    before = one.token
    assert one.login(code=code)[0] == 403  # and a good login does
    one.token = before
    assert one.ask("DELETE", "/api/v1/sessions/current")[0] == 204
    assert one.ask("GET", "/api/v1/staff-self")[0] == 401


def test_who_guesses_has_to_wait_and_a_restart_forgives_nothing(service):
    one = staff.administrator(service.start())
    stranger = staff.Person(service)
    stranger.name = one.name
    answers = [stranger.login("wrong, and long enough to be one", "000000")[0] for _ in range(6)]
    assert answers == [403] * 5 + [429]
    service.stop()
    service.start()
    assert stranger.login(code="000000")[0] == 429
    assert one.login()[0] == 201  # whom the service knows: strangers keep nobody out
    assert [one.login("wrong, and long enough to be one", "000000")[0] for _ in range(5)] == [403] * 5
    time.sleep(0.5)  # it is written down now, though a timer waits for the end of what was written before
    service.process.kill()
    service.process.wait()
    time.sleep(0.2)
    service.start()
    assert one.login()[0] == 429


def test_what_administrators_do_with_accounts(service):
    admin = staff.administrator(service.start())
    assert admin.ask("POST", "/api/v1/staff", {"name": "Ann", "role": "king"})[0] == 400
    ann = staff.colleague(admin, "Ann", "analyst")
    assert admin.ask("POST", "/api/v1/staff", {"name": "ANN", "role": "analyst"})[1]["rule"] == "account.exists"
    names = [(a["name"], a["roles"]) for a in ann.ask("GET", "/api/v1/staff")[1]["accounts"]]
    assert names == [("administrator", ["administrator"]), ("Ann", ["analyst"])]
    assert ann.ask("DELETE", f"/api/v1/staff/{admin.id}")[0] == 403
    for method, path, body in (("DELETE", f"/api/v1/staff/{admin.id}", None), ("PUT", f"/api/v1/staff/{admin.id}", {"role": "analyst"}),
                               ("POST", f"/api/v1/staff-invitations/{admin.id}", None)):
        assert admin.ask(method, path, body)[1]["rule"] == "staff.last"
    assert admin.ask("PUT", f"/api/v1/staff/{ann.id}", {"role": "publisher"})[0] == 204
    assert ann.ask("GET", "/api/v1/staff-self")[0] == 401  # her sessions ended
    assert ann.login()[0] == 201
    assert ann.ask("GET", "/api/v1/staff-self")[1]["roles"] == ["publisher"]
    status, said = admin.ask("POST", f"/api/v1/staff-invitations/{ann.id}")
    assert status == 201 and ann.ask("GET", "/api/v1/staff-self")[0] == 401
    assert ann.login(code="123456")[0] == 403  # her password is gone
    ann.step = 0
    assert ann.join(said["code"], "a second password of hers")[0] == 201
    assert ann.login("a second password of hers")[0] == 201
    assert admin.ask("DELETE", f"/api/v1/staff/{ann.id}")[0] == 204
    assert ann.ask("GET", "/api/v1/staff-self")[0] == 401
    assert admin.ask("PUT", f"/api/v1/staff/{ann.id}", {"role": "analyst"})[0] == 404
    service.stop()
    assert [row[0] for row in service.sql("SELECT what FROM account_change ORDER BY id")] == [
        "joined", "made and invited", "joined", "given the role publisher", "invited anew", "joined", "removed"]
    assert service.sql("SELECT count(*) FROM credential WHERE account <> 1") == [("0",)]
