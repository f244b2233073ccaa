//! What `--help` says below the options.

pub(super) const EXAMPLES: &str = "\
Examples:
  cargo xtask list                                      what there is, and what held last time
  cargo xtask reproduce c-mixup                         every experiment of a paper, minutes
  cargo xtask reproduce c-mixup --experiment airfoil    one of them
  cargo xtask reproduce all --profile smoke             everything, seconds
  cargo xtask reproduce all --log runs.jsonl            the long job, with a log that a dashboard can follow
  cargo xtask reproduce c-mixup --until-decided         more seeds, until its primary claims are decided
  cargo xtask check                                     do today's sources give the committed numbers?
  cargo xtask report --open                             the ledger and every paper as a site, seconds
  cargo xtask parity                                    the official implementations' golden vectors
  cargo xtask data get airfoil                          fetch a data set
  cargo xtask bench --peer python3                      training steps against PyTorch's
  cargo xtask bench --run c-mixup/airfoil               where the time of its runs goes
  cargo xtask new-paper my-paper                        start a paper

Exit status: 0 fine (a claim that does not hold is a finding, not a failure), 1 a regression, a miss or
a failed run, 2 wrong input or environment, 130 interrupted (the same command again goes on).";

pub(super) const REPRODUCE: &str = "\
Profiles: smoke (seconds, what CI runs), desk (the default, minutes on two cores), gpu (half an hour of one
GPU, with --device cuda:0), paper (the paper's own setting). Only the desk profile writes the report of
results/<paper>/; the others write JSON below it. With --seeds, --threads or another --device than the profile's (a GPU
for gpu, flex for the others), outcomes go to .mixup-lab/outcomes/ and results/ stays as it is.

An experiment whose file gives a range of seeds (`seeds: {at_least: 10, at_most: 60}`) runs as many as its outcome
in results/ has, and at first at_least. With --until-decided, experiments that an open primary claim reads get
more, round by round; after each round the claims are judged and the outcomes written, so that a later call, with a
larger budget say, goes on from there. Papers share a budget.

Examples:
  cargo xtask reproduce c-mixup                                   what is committed, on this machine
  cargo xtask reproduce c-mixup --until-decided --dry-run         what is open, and what it may cost
  cargo xtask reproduce c-mixup --until-decided --budget 2h       decide what two hours can decide
  cargo xtask reproduce c-mixup --experiment airfoil --seeds 40   as many as you say, for you alone
  cargo xtask reproduce rankmixup --profile gpu --dry-run         what it would take of a GPU
  cargo xtask reproduce rankmixup --profile gpu --device cuda:0   half an hour of a GPU";

pub(super) const REPORT: &str = "\
The front page is the ledger, a row per claim with its effect, interval and verdict; each paper has a page with its idea,
tables beside published numbers, pictures, the method's code and the raw records of every run. Standard output is the path
of the front page.

Examples:
  cargo xtask report --open              look at it
  cargo xtask report --out /tmp/site     a folder to put on any web server";

pub(super) const SWEEP: &str = "\
Every missing run becomes a job of its own, and every trained start that runs share: runs wait for those. Jobs read and
write the run store, .mixup-lab/ or MIXUP_STORE_DIR, which all machines must see at the same path, as the data sets. A
job that is preempted and put back goes on from its checkpoint; one that is carried out twice finds its record.

Examples:
  cargo xtask sweep submit rankmixup --profile paper --on slurm --option=--partition=gpu
  cargo xtask sweep submit c-mixup --on parallel --host node1 --host node2 --jobs 8
  cargo xtask sweep status
  cargo xtask reproduce rankmixup --profile paper       takes what is there, runs what is not, judges";

pub(super) const CHECK: &str = "\
Finished runs are kept, so a second check executes what changed. With --replay nothing is trained to its end: the
losses of the first steps show a change of data, draws, weights, loss or optimiser, not one of a schedule's end, of
the selection of an epoch or of a metric. With --device the same is asked of another device than the CPU, which rounds
differently: the first losses must agree to 1e-5, what follows as far as rounding grows.

Examples:
  cargo xtask check --profile smoke            what CI runs: every experiment in little, seconds
  cargo xtask check c-mixup                    the committed desk outcomes of a paper, as long as they took
  cargo xtask check --replay                   the first steps of every committed run, minutes
  cargo xtask check --profile smoke --device cuda:0    does a GPU give the numbers of the CPU?

Exit status: 0 fine (the last line says what was not checked, for want of data say), 1 a regression or a failed run,
2 nothing could be compared, or wrong input or environment.";
