"""The same workers as one array job of Slurm: each task takes chunks until none is open, and may be lost at any time.

No scheduler of our own is involved: what is done stands in the plan's folder, which all nodes see. A task that loses
its node or its time leaves a chunk that any other task, or a resume, takes up.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import CaseError, EnvironmentProblem, Mistake
from .plan import Plan, write_whole
from .worker import unfinished

SMALLEST = 1001
"""Size of the largest array by default (Slurm's MaxArraySize); one less is the largest number of a task."""


@dataclass(frozen=True)
class Job:
    """What a site has to be told; tasks: workers side by side; memory of each [MB]; throttle: at once at most."""

    tasks: int = 20
    time: str = "02:00:00"
    partition: str = ""
    account: str = ""
    memory: int = 4000
    throttle: int = 0


def check(job: Job) -> None:
    """CaseError with every mistake of a job."""
    wrong = []
    if not re.fullmatch(r"(\d+-)?\d{1,2}:\d\d:\d\d|\d+(:\d\d)?", job.time):
        wrong.append(Mistake("--time", "is no time of Slurm.", f'"{job.time}"', 'Write "02:00:00".'))
    for name in ("tasks", "memory"):
        if getattr(job, name) < 1:
            wrong.append(Mistake(f"--{name}", "must be at least 1.", str(getattr(job, name))))
    for name in ("partition", "account"):
        if not re.fullmatch(r"[\w.,@-]*", getattr(job, name)):
            wrong.append(Mistake(f"--{name}", "is no name of Slurm.", f'"{getattr(job, name)}"'))
    if wrong:
        raise CaseError("submit", wrong)


def script(plan: Plan, job: Job, tasks: int) -> str:
    """The batch script of a plan."""
    folder, entry = plan.folder.resolve(), Path(__file__).resolve().parents[2] / "env" / "run"
    enter = f"{_quoted(str(entry))} " if entry.exists() else ""
    throttle = f"%{job.throttle}" if job.throttle else ""
    optional = [
        f"#SBATCH --{n}={v}" for n, v in (("partition", job.partition), ("account", job.account)) if v
    ]
    lines = [
        "#!/bin/bash",
        f"#SBATCH --job-name=sweep-{plan.data['identity']}",
        f"#SBATCH --array=0-{tasks - 1}{throttle}",
        f"#SBATCH --time={job.time}",
        "#SBATCH --ntasks=1 --cpus-per-task=1",
        f"#SBATCH --mem={job.memory}",
        f"#SBATCH --output={folder}/logs/%A_%a.log",
        "#SBATCH --requeue --open-mode=append",
        *optional,
        "export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1",
        f"export HOLDERSIM_BIND={_quoted(str(folder))}${{HOLDERSIM_BIND:+:$HOLDERSIM_BIND}}",
        f'exec {enter}holdersim sweep work {_quoted(str(folder))} --task "$SLURM_ARRAY_TASK_ID" --of {tasks}',
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    if not re.fullmatch(r"[\w/.+@%:=,-]+", text):
        raise CaseError(
            "submit", [Mistake("folder", "has signs that a batch script cannot carry.", f'"{text}"')]
        )
    return text


def submit(plan: Plan, job: Job, dry_run: bool = False) -> str:
    """What was submitted, in words. The script is written to <folder>/array.sh.

    Whether others work on the plan is asked before (start.py).
    """
    check(job)
    if not dry_run and not unfinished(plan):
        return "every row has ended; sweep collect makes the table"
    asked = min(job.tasks, len(plan.chunks))
    tasks = min(asked, _largest())
    told = f"{tasks} tasks for {len(plan.chunks)} chunks"
    if tasks < asked:
        told += f" (arrays of this cluster have at most {tasks} tasks: each takes several chunks)"
    (plan.folder / "logs").mkdir(exist_ok=True)
    file = write_whole(plan.folder / "array.sh", script(plan, job, tasks).encode())
    if dry_run:
        return f"{told}\n{file.read_text(encoding='utf-8')}"
    if not visible():
        return f"{told}; sbatch is not visible from here (a container hides it). On the host: sbatch {file}"
    done = subprocess.run(["sbatch", "--parsable", str(file)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentProblem(f"sbatch refused: {done.stderr.strip() or done.stdout.strip()}")
    number = done.stdout.strip().split(";")[0]
    write_whole(plan.folder / "jobs.json", json.dumps([*jobs(plan), number]).encode())
    return f"job {number}: {told}"


def visible() -> bool:
    """Whether a Slurm can be reached from here."""
    configured = os.environ.get("SLURM_CONF") or Path("/etc/slurm/slurm.conf").exists()
    return bool(shutil.which("sbatch") and configured)


def jobs(plan: Plan) -> list[str]:
    """Numbers of the jobs that were submitted for a plan."""
    file = plan.folder / "jobs.json"
    found: list[str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return found


def living(plan: Plan) -> list[str]:
    """Jobs of a plan that wait or run."""
    known = jobs(plan)[-1:]
    if not known or not visible():
        return []
    command = ["squeue", "-h", "-o", "%A", "-j", ",".join(known)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return known if done.returncode == 0 and done.stdout.strip() else []


def _largest() -> int:
    if not visible():
        return SMALLEST - 1
    done = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=False)
    found = re.search(r"MaxArraySize\s*=\s*(\d+)", done.stdout)
    return int(found[1]) - 1 if found else SMALLEST - 1
