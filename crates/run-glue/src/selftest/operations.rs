//! Every operation and all its gradients, beside bodies composed of Burn's own operations on the CPU.

use models::ops::EncoderOps;
use models::ops::cases::{CASES, Computed};

use super::cases::{Cases, Cpu, Part};
use super::comparison::Difference;
use super::limits::limits;
use crate::error::Error;

pub(super) fn compare<B: EncoderOps>(cases: &mut Cases, device: &B::Device) -> Result<(), Error> {
    cases.announce("operations");
    let precision = cases.precision;
    for case in CASES {
        let limit = limits(precision).operation(case);
        cases.case(
            "operation",
            case.name,
            "composed of Burn's operations on the CPU",
            || Ok(case.compute::<B>(precision, device)),
            |computed| {
                let expected = case.reference::<Cpu>(&Default::default());
                Ok(computed.into_iter().zip(expected).map(|(a, b)| part(a, &b, limit)).collect())
            },
        )?;
    }
    Ok(())
}

fn part(computed: Computed, expected: &Computed, limit: f64) -> Part {
    Part::new(computed.name, Difference::of(&computed.values, &expected.values, 0.0), limit)
}
