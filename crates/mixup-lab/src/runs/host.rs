//! What the machine is, and how much memory this process took.

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

/// Peak resident memory of this process in MiB; 0 where the system does not tell.
pub fn peak_memory_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| value(line, "VmHWM"));
    let kib = peak.and_then(|peak| peak.strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
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

    #[test]
    fn reads_key_and_value() {
        assert_eq!(value("model name\t: Xeon: a model", "model name"), Some("Xeon: a model"));
        assert_eq!(value("model\t: 85", "model name"), None);
        assert!(description().ends_with(std::env::consts::OS));
    }
}
