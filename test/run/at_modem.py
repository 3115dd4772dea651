# SPDX-License-Identifier: Apache-2.0
"""A cellular modem as ModemManager sees one: AT commands (3GPP TS 27.007) on an abstract socket, with a SIM that counts wrong PINs and a network that takes it.

It stands beside a real ModemManager, whose Test interface makes a modem of it. What is asked for and has no line here is answered with ERROR, as modems do.
"""
import re
import socket
import threading

WS46 = {12: "2g", 22: "3g", 25: "2g 3g 4g", 28: "4g", 29: "2g 3g", 30: "2g 4g", 31: "3g 4g"}
PLAIN = ("AT", "ATE0", "ATV1", "ATX4", "AT&C1", "ATZ", "ATH", "AT+CMEE=1", "AT+CFUN=1", "AT+CFUN=4", "AT+COPS=0")
FIXED = {
    "AT+CGMI": "Example", "AT+CGMM": "Modem 1", "AT+CGMR": "1.0", "AT+CGSN": "490154203237518", "ATI": "Example", "AT+GCAP": "+GCAP: +CGSM,+DS,+ES",
    "AT+WS46=?": f"+WS46: ({','.join(map(str, WS46))})", "AT+CLCK=?": '+CLCK: ("SC")', 'AT+CLCK="SC",2': "+CLCK: 1", "AT+CSQ": "+CSQ: 20,99",
    "AT+CGDCONT=?": '+CGDCONT: (1-16),"IP",,,(0),(0)', "AT+CGATT?": "+CGATT: 1", "AT#PSNT?": "#PSNT: 0,4",
}
OPEN = {  # of an unlocked SIM
    "AT+CIMI": "001010123456789", "AT+CRSM=176,28589,0,0,4": '+CRSM: 144,0,"00000002"', "AT+CRSM=176,12258,0,0,10": '+CRSM: 144,0,"98101032547698103214"',
}


class Modem:
    def __init__(self, name, pin="1234"):
        self.name, self.pin, self.locked, self.tries, self.told = name, pin, True, 3, []
        self.registration, self.mode, self.contexts, self.commands, self.lines = 1, 25, {}, [], []
        self.data, self.named = False, "0"
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind("\0" + name)
        self.socket.listen(4)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            self.lines.append(line)
            threading.Thread(target=self.serve, args=(line,), daemon=True).start()

    def serve(self, line):
        rest = b""
        try:
            while piece := line.recv(4096):
                rest += piece
                while b"\r" in rest:
                    command, rest = rest.split(b"\r", 1)
                    if command := command.strip().decode("latin-1"):
                        self.commands.append(command)
                        line.sendall(self.answer(command.upper()).encode())
        except OSError:
            pass
        self.data = False
        self.lines.remove(line)

    def end(self):
        self.socket.close()

    def answer(self, command):
        said = self.say(command)
        if said is None:
            return "\r\nERROR\r\n"
        if isinstance(said, str):
            return f"\r\n{said}\r\n"
        return "".join(f"\r\n{one}\r\n" for one in [*said, "OK"])

    def say(self, command):
        if command in PLAIN:
            return []
        if command in FIXED:
            return [FIXED[command]]
        if command in OPEN:
            return "+CME ERROR: 11" if self.locked else [OPEN[command]]
        for pattern, work in ((r"AT\+CPIN\?", self.say_pin), (r'AT\+CPIN="?(\d+)"?', self.try_pin), (r"AT\+CSIM=10,.*", self.say_tries), (r"AT\+WS46(\?|=\d+)", self.say_mode),
                              (r"AT\+(CREG|CGREG|CEREG)(\?|=\d)", self.say_registration), (r"AT\+COPS(\?|=3,[02])", self.say_operator), (r"AT\+CGDCONT(\?|=.*)", self.say_contexts), (r"ATD\*99.*", self.dial),
                              (r"AT\+CGACT\?", lambda _: [f"+CGACT: {n},{int(self.data)}" for n in self.contexts])):
            if found := re.fullmatch(pattern, command):
                return work(found)
        return None

    def say_pin(self, _):
        return ["+CPIN: " + ("READY" if not self.locked else "SIM PIN" if self.tries else "SIM PUK")]

    def try_pin(self, found):
        self.told.append(found[1])
        if found[1] != self.pin:
            self.tries -= 1
            return "+CME ERROR: 16"
        self.locked, self.tries = False, 3
        return []

    def say_tries(self, found):
        left = {'"0020000100"': self.tries}.get(found[0].split(",")[1], 3)
        return [f'+CSIM: 4,"63C{left}"']

    def say_mode(self, found):
        if found[1] == "?":
            return [f"+WS46: {self.mode}"]
        self.mode = int(found[1][1:])
        return []

    def say_registration(self, found):
        return [f'+{found[1]}: 2,{self.registration},"0001","00000001",7'] if found[2] == "?" else []

    def say_operator(self, found):
        if found[1] == "?":
            return ['+COPS: 0,0,"Example net",7' if self.named == "0" else '+COPS: 0,2,"00101",7']
        self.named = found[1][-1]
        return []

    def say_contexts(self, found):
        if found[1] == "?":
            return [f"+CGDCONT: {n},{rest}" for n, rest in sorted(self.contexts.items())]
        number, _, rest = found[1][1:].partition(",")
        if rest:
            self.contexts[int(number)] = rest if rest.count(",") > 2 else f'{rest},"",0,0'
        else:
            self.contexts.pop(int(number), None)
        return []

    def dial(self, _):
        self.data = True
        return "CONNECT 100000000"
