//! What the machine is, so that seconds in a record mean something.
//!
//! Linux tells through `/proc`; elsewhere the standard library's few facts stand and the others are unknown.

use records::record::Host;

/// The facts of this machine, with what only the caller knows.
#[must_use]
pub fn gather(backend: &str, device: &str, threads: usize) -> Host {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    Host {
        cpu_model: cpu_model(&read("/proc/cpuinfo")),
        logical_cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads,
        memory_bytes: kilobytes(&read("/proc/meminfo"), "MemTotal:"),
        os: os_name(&read("/etc/os-release"), &read("/proc/sys/kernel/osrelease")),
        arch: std::env::consts::ARCH.to_owned(),
        simd: simd(),
        backend: backend.to_owned(),
        device: device.to_owned(),
    }
}

/// The machine's name, where it is known.
#[must_use]
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// The most memory this process has had in use at once, in bytes, where the system tells.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    kilobytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// Counts [`peak_memory_bytes`] from here on, where the system can: of several runs in one process each has its own
/// (`proc_pid_clear_refs(5)`).
pub fn restart_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// x86 says `model name`; some ARM kernels only `Model` or `Hardware`.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    ["model name", "Model", "Hardware"].iter().find_map(|wanted| {
        cpuinfo
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, value)| key.trim() == *wanted && !value.trim().is_empty())
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
    })
}

/// A line `Key:   123 kB` of a `/proc` file, in bytes.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn os_name(os_release: &str, kernel: &str) -> String {
    let distribution = os_release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map(|name| name.trim().trim_matches('"'))
        .filter(|name| !name.is_empty());
    let kernel = kernel.trim();
    match (distribution, kernel.is_empty()) {
        (Some(name), false) => format!("{name}, {} {kernel}", std::env::consts::OS),
        (Some(name), true) => name.to_owned(),
        (None, false) => format!("{} {kernel}", std::env::consts::OS),
        (None, true) => std::env::consts::OS.to_owned(),
    }
}

/// The instruction sets that CPU kernels choose between.
fn simd() -> Vec<String> {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
    ];
    #[cfg(target_arch = "aarch64")]
    let found = [("neon", std::arch::is_aarch64_feature_detected!("neon"))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found: [(&str, bool); 0] = [];
    found.iter().filter(|(_, has)| *has).map(|(name, _)| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_files_of_linux() {
        let cpuinfo = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC   9R14 \n\nprocessor\t: 1\n";
        assert_eq!(cpu_model(cpuinfo).unwrap(), "AMD EPYC 9R14");
        assert_eq!(cpu_model("processor : 0\nModel\t: Raspberry Pi 5\n").unwrap(), "Raspberry Pi 5");
        assert_eq!(cpu_model(""), None);
        assert_eq!(kilobytes("MemFree: 1 kB\nMemTotal:       24684084 kB\n", "MemTotal:"), Some(24_684_084 * 1024));
        assert_eq!(kilobytes("MemTotal: much\n", "MemTotal:"), None);
        let release = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n";
        assert_eq!(os_name(release, "6.1.0\n"), format!("Debian GNU/Linux 12, {} 6.1.0", std::env::consts::OS));
        assert_eq!(os_name("", ""), std::env::consts::OS);
    }

    #[test]
    fn gathers_this_machine() {
        let host = gather("flex", "cpu", 2);
        assert!(host.logical_cores >= 1 && !host.os.is_empty());
        assert_eq!((host.backend.as_str(), host.device.as_str(), host.threads), ("flex", "cpu", 2));
        if cfg!(target_os = "linux") {
            assert!(host.memory_bytes.unwrap() > 1 << 20);
            assert!(peak_memory_bytes().unwrap() > 1 << 16);
        }
    }
}
