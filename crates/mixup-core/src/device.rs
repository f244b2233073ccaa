//! The device that tensors live on, chosen by name at run time.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::{CoreError, tensor::to_host};

/// Names of the devices that this binary was compiled for, as `--device` takes them.
pub fn available() -> Vec<&'static str> {
    let mut names = vec!["flex"];
    if cfg!(feature = "wgpu") {
        names.push("wgpu");
    }
    if cfg!(feature = "cuda") {
        names.push("cuda:0");
    }
    names
}

/// Opens a device by name: `flex` (CPU), `wgpu`, `cuda:0`, `cuda:1` ...
///
/// The device has no autodiff; modules are made trainable with [`burn::module::Module::train`].
///
/// # Errors
/// A name that is unknown, or that needs a cargo feature this binary was compiled without.
pub fn open(name: &str) -> Result<Device, CoreError> {
    match name {
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "cuda")]
        _ if cuda_index(name).is_some() => Ok(Device::cuda(cuda_index(name).unwrap_or(0))),
        _ => Err(refusal(name)),
    }
}

/// [`open`], for what is computed in double precision (f64).
///
/// # Errors
/// As [`open`], and a device that does not compute in f64, which is tried: some say that they do and give NaN.
pub fn open_in_double(name: &str) -> Result<Device, CoreError> {
    let device = open(name)?;
    let computes = || {
        let one = Tensor::<1>::from_data(TensorData::from([1.0_f64]), (&device, DType::F64));
        let found = to_host(one.exp())?;
        Ok::<_, CoreError>(found.iter().all(|found| (found - std::f64::consts::E).abs() < 1e-14))
    };
    if is_cpu(&device) || (device.supports_dtype(DType::F64) && computes()?) {
        return Ok(device);
    }
    Err(CoreError::Device(format!(
        "device `{name}` does not compute in double precision (f64), and this is computed in it; `--device flex` is the CPU"
    )))
}

/// Whether the host itself computes there, so that nothing can be done meanwhile.
pub fn is_cpu(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

fn cuda_index(name: &str) -> Option<usize> {
    name.strip_prefix("cuda:")?.parse().ok()
}

fn refusal(name: &str) -> CoreError {
    let here = available().join(", ");
    let feature = if name == "wgpu" {
        "wgpu"
    } else if cuda_index(name).is_some() {
        "cuda"
    } else {
        return CoreError::Device(format!(
            "unknown device `{name}`; a device is `flex` (CPU), `wgpu` or `cuda:0`; this binary has: {here}"
        ));
    };
    CoreError::Device(format!(
        "device `{name}` is not compiled in; build with `cargo run -p xtask --features {feature} -- ...`; \
         this binary has: {here}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_flex_and_refuses_the_rest_with_what_would_be_right() {
        assert!(open("flex").is_ok() && open_in_double("flex").is_ok());
        let unknown = open("gpu").unwrap_err().to_string();
        assert!(unknown.contains("unknown device `gpu`") && unknown.contains("flex"), "{unknown}");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_is_not_compiled_in_names_its_feature() {
        let missing = open("cuda:1").unwrap_err().to_string();
        assert!(missing.contains("--features cuda"), "{missing}");
    }
}
