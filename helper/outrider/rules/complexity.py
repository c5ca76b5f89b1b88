"""How hard a prompt is, told from its words alone: a score between 0 and 1, and the level it stands for.

The score grows with the length of the *instruction*, so what a person pasted does not count: fenced code,
quoted lines, and runs of log- or code-like lines. Words of courtesy do not count either. A few heavy words
(architecture, deadlock, prove) count as length, because short requests can be hard. Nothing here is fitted;
`bench/routing.py` measures it. This room knows nothing of models, tasks or prices, and looks at a bounded part
of the prompt, so that any prompt takes a few milliseconds at most.
"""

from outrider.data import Level

ANALYSIS_FROM = 0.13
"""The lowest score of the level `analysis`: 45 letters of content, some 15 words."""

COMPLEX_FROM = 0.5
"""The lowest score of the level `complex`: 300 letters of content, some 100 words."""

_COMPLEX_LETTERS = 300
"""Letters of content at which the score is one half."""

_HEAVY_LETTERS = 150
"""What one heavy word adds to the length, in letters: one makes `analysis`, two make `complex`."""

_MOST_HEAVY = 4
_HALF_WINDOW = 12_000
"""How much of a long prompt's start and of its end is looked at, in characters."""

_RUN = 3
"""So many machine-written lines in a row are a paste; fewer are part of what the person says."""

_GAP = 2
"""So many other lines inside a paste belong to it: a log's message may run over several lines."""

_LONG_LINE = 1_000
"""A machine-written line of this length is a paste by itself, in characters."""

_PREAMBLE = 160
"""How far a sentence before the matter may reach, in characters."""

_MOST_PREAMBLES = 4


def _words(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


_SMALL = _words("""
    a an the this that these those there here it its is are was were be been being am do does did done doing
    have has had having will would shall should can could may might must i me my mine myself we us our ours you
    your yours he him his she her they them their who whom whose which what when where why how and or but nor so
    if then than as at by for from in into of on onto to up with about out over off under again just only also
    too very much more most some any each both all no not i'd i'm i've i'll you'd you're you'll it's that's what's
    here's let's we're we'd don't can't
""")
_COURTESY = _SMALL | _words("""
    please kindly thanks thank hello hi hey dear greetings sorry excuse welcome appreciate appreciated grateful
    help helping helped helpful assist assistance assistant assisting aid hand favor favour support want wants
    wanted need needs needed like liked love wish hoping hope wondering wonder know tell let give show ask asking
    asked get got look looking take make following follow below above next question questions query problem
    problems task tasks request requests prompt issue one thing something answer answers answering respond
    response reply solve advance time today now quick carefully read consider think able possible see understand
    regarding concerning stuck while expert
""")
_ADDRESS = _words("""
    i me my i'd i'm i've i'll we us our you your you're you'll let's here here's below following question task
    hello hi hey thanks
""")
"""Words by which a preamble is told: it speaks of the speaker, the listener or the question."""

_HEAVY = _words("""
    architect architecture architectural design designing redesign refactor refactoring migrate migrating migration
    debug debugging diagnose diagnosing investigate bottleneck bottlenecks profiling optimize optimise optimizing
    optimising optimization optimisation concurrency concurrent deadlock deadlocks livelock threadsafe thread-safe
    lock-free distributed consensus idempotent idempotency replication sharding failover scalable scalability
    throughput latency backpressure transactional rollback zero-downtime downtime prove proof proofs disprove
    derive derivation theorem lemma invariant invariants correctness complexity asymptotic np-hard algorithm
    algorithms compiler parser cryptographic cryptography vulnerability vulnerabilities audit trade-off trade-offs
    tradeoff tradeoffs roadmap evaluate evaluating analyze analyse analyzing analysing critique root-cause flaky
    nondeterministic intermittent intermittently segfault corruption
""")
_HEAVY_PHRASES = (
    "race condition", "data race", "root cause", "trade off", "memory leak", "exactly once", "exactly-once",
    "edge cases", "security review", "security audit", "threat model",
)  # fmt: skip

_LEVEL_WORDS = _words("info warn warning error err debug trace fatal severe panic critical notice verbose")
_CODE_STARTS = (
    "def ", "#", "const ", "var ", "func ", "fn ", "if (", "for (", "while (", "switch (", "//", "/*", "<", "+", "|",
    "[", "{", "$ ", ">>>", "@@", "diff --", "--- ", 'file "', "caused by:", "traceback (", "exception in ",
)  # fmt: skip
_CODE_WORDS = _words(
    "import return class using package namespace function public private static async await yield raise"
)
_BLOCK_WORDS = _words("if elif else else: for while with try: except except: finally: case match switch do:")
"""Words that begin a line of code, and of English too."""

_LINE_ENDS = (";", "{", "}", "=>", "):")
_SENTENCE_ENDS = (". ", ".\n", "! ", "!\n", "? ", "?\n", ":", " - ", "\n")
_BULLETS = frozenset("-*•+")
_BRACKETS = "[](){}<>:|=-*"
_PUNCTUATION = ".,;:!?\"'()[]{}<>*_`-\u2018\u2019\u201c\u201d\u2026\u2013\u2014"  # the last six are typographic
_DROP_DIGITS = dict.fromkeys(map(ord, "0123456789"))
_DROP_SYMBOLS = dict.fromkeys(map(ord, "{}()[]<>=;_|\\/&*+#@~^`$%"))
_TO_SKELETON = {**_DROP_DIGITS, **dict.fromkeys(map(ord, "{}()[]<>=:;,|/\\\"'#"), " ")}


def score(prompt: str) -> float:
    """How much the prompt needs the strong model, from 0 (not at all) to 1; any string is accepted."""
    text = _without_preamble(instruction(prompt))
    letters = 0
    heavy = set()
    for token in text.split():
        word = token.strip(_PUNCTUATION)
        if word not in _COURTESY:
            letters += len(word)
            if word in _HEAVY:
                heavy.add(word[:5])  # one stem counts once
    heavy.update(phrase for phrase in _HEAVY_PHRASES if phrase in text)
    if not text.isascii():
        letters += _extra_letters(text)
    letters += _HEAVY_LETTERS * min(len(heavy), _MOST_HEAVY)
    return letters / (letters + _COMPLEX_LETTERS)


def level(score: float) -> Level:
    """The level that a score stands for."""
    if score >= COMPLEX_FROM:
        return "complex"
    return "analysis" if score >= ANALYSIS_FROM else "simple"


def instruction(prompt: str) -> str:
    """What the prompt says in its own words, lower-cased: without fences, quoted lines and pasted machine output."""
    lines = _own_lines(_window(prompt).casefold())
    skeletons = [[] if _is_item(line) else line.translate(_TO_SKELETON).split() for line in lines]
    same: dict[str, int] = {}
    heads: dict[str, int] = {}
    for words in skeletons:
        if words:
            whole = " ".join(words)
            same[whole] = same.get(whole, 0) + 1
            heads[words[0]] = heads.get(words[0], 0) + 1
    machine = []
    for line, words in zip(lines, skeletons, strict=True):
        if words:
            # A log says the same again and again but for its numbers, or begins its lines alike; people do not.
            repeated = same[" ".join(words)] >= _RUN or (heads[words[0]] >= 2 * _RUN and words[0] not in _SMALL)
            machine.append(repeated or _is_machine(line))
        else:
            machine.append(bool(line) and not _is_item(line))
    return "\n".join(_without_runs(lines, machine))


def _window(prompt: str) -> str:
    """The prompt, or the start and the end of a long one."""
    if len(prompt) <= 2 * _HALF_WINDOW:
        return prompt
    return prompt[:_HALF_WINDOW] + "\n" + prompt[-_HALF_WINDOW:]


def _own_lines(text: str) -> list[str]:
    """The stripped lines of a text that are neither fenced nor quoted."""
    lines: list[str] = []
    fenced: list[str] = []
    fence = ""
    for raw in text.splitlines():
        line = raw.strip()
        if fence:
            if line.startswith(fence) and not line.strip(fence[0]):
                fence, fenced = "", []
            else:
                fenced.append(line)
        elif line.startswith(("```", "~~~")):
            rest = line.lstrip(line[0])
            if line[:3] not in rest:
                fence = line[: len(line) - len(rest)]
        elif line.startswith(">>>") or (not line.startswith(">") and (line or lines[-1:] != [""])):
            lines.append(line)  # of many blank lines one says it all
    return lines + fenced  # a fence that nothing closes fences nothing: its end may lie outside the window


def _is_item(line: str) -> bool:
    """Whether the line is an item of a list that a person may have written: "a. …", "12) …", "- …"."""
    mark, _, rest = line.partition(" ")
    if mark in _BULLETS:
        return not rest.endswith((";", "{", "}", ")", ":"))
    return len(mark) <= 3 and mark.endswith((".", ")"))


def _is_machine(line: str) -> bool:
    """Whether a program rather than a person seems to have written this stripped, lower-cased line."""
    if line.endswith("?") or "? " in line:
        return False
    if line.endswith(_LINE_ENDS) or line.startswith(_CODE_STARTS) or '":' in line:
        return True
    head = line[:24]
    if len(head) - len(head.translate(_DROP_DIGITS)) >= 6:  # a time, a date, an address
        return True
    tokens = line.split()
    return _is_code(line, tokens) or _is_report(tokens) or _is_dense(line) or _is_odd(tokens)


def _is_code(line: str, tokens: list[str]) -> bool:
    """Whether the line reads like a statement that begins as English might, a frame of a stack, or a row of a table."""
    first, size = tokens[0], len(tokens)
    if (first in _CODE_WORDS and size <= 2) or (first in _BLOCK_WORDS and size <= 4 and line.endswith(":")):
        return True
    if (first == "from" and tokens[2:3] == ["import"]) or (first == "at" and (size == 2 or line.endswith(")"))):
        return True
    return line.count(",") - line.count(", ") >= _RUN


def _is_report(tokens: list[str]) -> bool:
    """Whether a level ("[warn]", "error:") or the name of an exception comes before any plain word."""
    for token in tokens[:3]:
        word = token.strip(_BRACKETS)
        if word != token and (word in _LEVEL_WORDS or word.endswith(("error", "exception"))):
            return True
        if word.isalpha():
            return False
        if word.endswith(("error", "exception")) and "." in word:
            return True
    return False


def _is_dense(line: str) -> bool:
    """Whether the line is full of a program's punctuation; formulas in TeX, which people write, are not meant."""
    if "\\" in line or line.count("$") > 1:
        return False
    symbols = len(line) - len(line.translate(_DROP_SYMBOLS))
    return (symbols >= _RUN and symbols * 8 >= len(line)) or line.count('":') >= _RUN


def _is_odd(tokens: list[str]) -> bool:
    """Whether many tokens are no words: paths, calls, options, numbers. After a word, more than half of them."""
    odd = 0
    for token in tokens:
        word = token.strip(_PUNCTUATION)
        if not word.isalpha() and not word.replace("'", "").replace("-", "").isalpha():
            odd += "\\" not in token and "$" not in token
    return odd * 2 > len(tokens) if tokens[0].isalpha() else odd * 3 >= len(tokens)


def _without_runs(lines: list[str], machine: list[bool]) -> list[str]:
    """The lines that are left when runs of machine-written ones are taken out, with the few others inside them."""
    kept: list[str] = []
    run: list[str] = []  # the run so far, up to its last machine-written line
    gap: list[str] = []  # what came after that
    count = 0
    for line, is_machine in zip(lines, machine, strict=True):
        if is_machine:
            run += [*gap, line]
            gap = []
            count += 1
        elif run and ((line and "?" not in line and gap[-1:] != [""] and len(gap) < _GAP) or not (line or gap)):
            gap.append(line)
        else:
            kept += [*_settled(run, count), *gap, line]
            run, gap, count = [], [], 0
    return [*kept, *_settled(run, count), *gap]


def _settled(run: list[str], count: int) -> list[str]:
    """What is kept of an ended run: of a paste, nothing but a single line that stands apart at its start or end."""
    pastes = [line for line in run if len(line) >= _LONG_LINE and _is_dense(line)]
    if count < _RUN and not pastes:
        return run
    first = run[:1] if run[1:2] == [""] else []
    last = run[-1:] if run[-2:-1] == [""] else []
    return [line for line in first + last if line not in pastes]


def _without_preamble(text: str) -> str:
    """The text without the sentences before the matter: "here is my question:", "you are a helpful assistant."."""
    for _ in range(_MOST_PREAMBLES):
        text = text.lstrip()
        start = text[:_PREAMBLE]
        end = min((place for mark in _SENTENCE_ENDS if (place := start.find(mark)) > 0), default=0)
        rest = text[end + 1 :]
        words = [token.strip(_PUNCTUATION) for token in start[:end].split()]
        matter = [word for word in words if word not in _COURTESY]
        told = 2 * len(matter) <= len(words) and len(matter) <= 4 and not _ADDRESS.isdisjoint(words)
        if not told or not _HEAVY.isdisjoint(matter) or not rest.strip(_PUNCTUATION + " \n"):
            break
        text = rest
    return text


def _extra_letters(text: str) -> int:
    """What to add for scripts that say a word in a character or two, in letters."""
    return 3 * sum("\u2e80" <= character <= "\ud7a3" for character in text) // 2
