//! What the machine is, and how much memory and time this process took.

use std::fs;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Processor model, cores and system, for example `Intel Xeon, 2 cores, linux`.
pub fn description() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| value(line, "model name")).unwrap_or(std::env::consts::ARCH);
    let cores = cores();
    let plural = if cores.get() == 1 { "" } else { "s" };
    format!("{model}, {cores} core{plural}, {}", std::env::consts::OS)
}

/// The same, with the models of this machine's NVIDIA GPUs where tensors live on one.
pub fn description_on(device: &str) -> String {
    let folder = std::path::Path::new("/proc/driver/nvidia/gpus");
    let models = if device.starts_with("cuda:") { gpu_models(folder) } else { Vec::new() };
    std::iter::once(description()).chain(models).collect::<Vec<_>>().join(", ")
}

/// Models of GPUs, each once, as NVIDIA's kernel module tells them; none where there is no such module.
fn gpu_models(folder: &std::path::Path) -> Vec<String> {
    let cards = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let model = |card: fs::DirEntry| {
        let information = fs::read_to_string(card.path().join("information")).ok()?;
        information.lines().find_map(|line| value(line, "Model")).map(str::to_owned)
    };
    let mut models: Vec<String> = cards.filter_map(model).collect();
    models.sort();
    models.dedup();
    models
}

/// Cores that this process may use.
pub fn cores() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Environment of a process that trains on so many threads. It keeps the memory that it frees: a
/// training step frees what the next one takes, and to give pages back and fault them in again
/// costs a tenth of the step.
pub(crate) fn training_environment(threads: usize) -> [(&'static str, String); 2] {
    [("RAYON_NUM_THREADS", threads.to_string()), ("MIMALLOC_PURGE_DELAY", "-1".to_owned())]
}

/// Whether the processor has an instruction set, by Linux' name for it; no where the system does not tell.
pub(crate) fn has_flag(name: &str) -> bool {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines()
        .find_map(|line| value(line, "flags"))
        .is_some_and(|flags| flags.split(' ').any(|flag| flag == name))
}

/// Peak resident memory of this process in MiB; 0 where the system does not tell.
pub fn peak_memory_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| value(line, "VmHWM"));
    let kib = peak.and_then(|peak| peak.strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Ticks of a second in which Linux counts a process's time, on every processor that it runs on (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Seconds that processors spent on this process, all its threads together; none where the system does not tell.
pub fn processor_seconds() -> Option<f64> {
    processor_time(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// User and system time of a `/proc/PID/stat`: the 14th and 15th field. The second, a name, may have spaces and brackets
/// in it.
fn processor_time(stat: &str) -> Option<f64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut ticks = behind_name.split_ascii_whitespace().skip(11).map(str::parse::<f64>);
    Some((ticks.next()?.ok()? + ticks.next()?.ok()?) / TICKS)
}

/// The value of a `key : value` line.
fn value<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let (found, value) = line.split_once(':')?;
    (found.trim() == key).then(|| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_large_allocation_shows() {
        let before = peak_memory_mib();
        let block = vec![1_u8; 64 << 20];
        assert!(block.iter().all(|byte| *byte == 1));
        assert!(before > 0.0 && peak_memory_mib() > 64.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_counts_and_no_more_than_every_core_can_do() {
        let (start, begun, mut sum) = (processor_seconds().unwrap(), std::time::Instant::now(), 0_u64);
        while processor_seconds().unwrap() < start + 0.2 {
            sum = std::hint::black_box(sum + 1);
            assert!(begun.elapsed().as_secs() < 60, "{sum} steps cost nothing");
        }
        // Ticks of both times are rounded.
        let most = cores().get() as f64 * begun.elapsed().as_secs_f64() + 0.05;
        assert!(processor_seconds().unwrap() - start <= most, "{most}");
    }

    #[test]
    fn time_stands_behind_a_name_with_brackets() {
        let stat = "42 (a) (b c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 1 1 1";
        assert_eq!(processor_time(stat), Some(3.0));
        assert_eq!(processor_time("42 (a) S 1"), None);
    }

    #[test]
    fn a_gpu_is_named_by_its_kernel_module() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(gpu_models(&folder.path().join("none")), [""; 0]);
        for card in ["0000:1a:00.0", "0000:1b:00.0"] {
            fs::create_dir(folder.path().join(card)).unwrap();
            let text = "Model: \t\t NVIDIA H200\nIRQ:   \t\t 255\n";
            fs::write(folder.path().join(card).join("information"), text).unwrap();
        }
        assert_eq!(gpu_models(folder.path()), ["NVIDIA H200"]);
        assert_eq!(description_on("flex"), description());
    }

    #[test]
    fn reads_key_and_value() {
        assert_eq!(value("model name\t: Xeon: a model", "model name"), Some("Xeon: a model"));
        assert_eq!(value("model\t: 85", "model name"), None);
        assert!(description().ends_with(std::env::consts::OS));
    }
}
