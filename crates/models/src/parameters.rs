//! All parameters of a module by path, as plain f32 values in row-major order.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};

/// A parameter on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostTensor {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// The names of the modules that a traversal is inside.
#[derive(Default)]
struct ModulePath(Vec<String>);

impl ModulePath {
    fn text(&self) -> String {
        self.0.join(".")
    }
}

struct Shapes {
    path: ModulePath,
    found: Vec<(String, Vec<usize>)>,
}

impl<B: Backend> ModuleVisitor<B> for Shapes {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.0.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.found.push((self.path.text(), param.val().dims().to_vec()));
    }
}

/// Path and shape of every parameter, in the module's order.
#[must_use]
pub fn shapes<B: Backend, M: Module<B>>(module: &M) -> Vec<(String, Vec<usize>)> {
    let mut visitor = Shapes { path: ModulePath::default(), found: Vec::new() };
    module.visit(&mut visitor);
    visitor.found
}

struct Reader<F> {
    path: ModulePath,
    wanted: F,
    found: Vec<(String, HostTensor)>,
}

impl<B: Backend, F: Fn(&str) -> bool> ModuleVisitor<B> for Reader<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.0.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let path = self.path.text();
        if (self.wanted)(&path) {
            let data = param.val().into_data().convert_dtype(DType::F32);
            let shape = data.shape.to_vec();
            let values = data.iter::<f32>().collect();
            self.found.push((path, HostTensor { shape, values }));
        }
    }
}

/// Path and values of every parameter, in the module's order.
#[must_use]
pub fn read<B: Backend, M: Module<B>>(module: &M) -> Vec<(String, HostTensor)> {
    read_where(module, |_| true)
}

/// The same of those whose path is `wanted`.
#[must_use]
pub fn read_where<B: Backend, M: Module<B>>(module: &M, wanted: impl Fn(&str) -> bool) -> Vec<(String, HostTensor)> {
    let mut visitor = Reader { path: ModulePath::default(), wanted, found: Vec::new() };
    module.visit(&mut visitor);
    visitor.found
}

struct Writer {
    path: ModulePath,
    values: HashMap<String, Vec<f32>>,
}

impl<B: Backend> ModuleMapper<B> for Writer {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.0.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        match self.values.remove(&self.path.text()) {
            None => param,
            Some(values) => param.map(|old| {
                let data = TensorData::new(values, old.dims());
                Tensor::from_data(data, &old.device()).set_require_grad(old.is_require_grad())
            }),
        }
    }
}

/// The module with the parameters at the paths of `values` replaced; lengths must be those of [`shapes`].
#[must_use]
pub fn write<B: Backend, M: Module<B>>(module: M, values: HashMap<String, Vec<f32>>) -> M {
    module.map(&mut Writer { path: ModulePath::default(), values })
}

/// Whether each parameter takes part in gradients, in the module's order: what [`freeze`] left.
#[must_use]
pub fn trained<B: Backend, M: Module<B>>(module: &M) -> Vec<bool> {
    struct Trained(Vec<bool>);
    impl<B: Backend> ModuleVisitor<B> for Trained {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            self.0.push(param.is_require_grad());
        }
    }
    let mut visitor = Trained(Vec::new());
    module.visit(&mut visitor);
    visitor.0
}

struct Freezer<F> {
    path: ModulePath,
    frozen: F,
}

impl<B: Backend, F: FnMut(&str) -> bool> ModuleMapper<B> for Freezer<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.0.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.0.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if (self.frozen)(&self.path.text()) { param.set_require_grad(false) } else { param }
    }
}

/// The module with the parameters whose path is `frozen` left out of gradients.
#[must_use]
pub fn freeze<B: Backend, M: Module<B>>(module: M, frozen: impl FnMut(&str) -> bool) -> M {
    module.map(&mut Freezer { path: ModulePath::default(), frozen })
}
