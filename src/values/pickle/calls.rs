//! What calls would give: REDUCE and its kin, and BUILD. Known by name only; nothing is called.

use super::decoder::Step;
use super::globals::{Makes, Plain};
use super::machine::{Machine, Stop, named};
use super::opcodes::{INST, NEWOBJ_EX, OBJ};
use super::stack::{NONE, UNKNOWN, Value, What};
use super::tables::Order;

impl Machine {
    /// Puts the result of a call in place of the function and its arguments.
    pub(super) fn call(&mut self, step: &Step) -> Result<(), Stop> {
        let (from, function, arguments) = match step.opcode {
            // INST names the class, and its arguments stand above a mark; OBJ has the class there, too.
            INST => {
                let from = self.stack.unmark()?.from;
                let id = self.globals.import(named(step), step.at);
                (from, Value::of(What::Global, id), None)
            }
            OBJ => {
                let run = self.stack.unmark()?;
                let Some(class) = self.stack.from(run.from).first().copied() else {
                    return self.finish_call(run.from, Value::new(What::Lost), None);
                };
                (run.from, class, None)
            }
            opcode => {
                let from = self.stack.last(if opcode == NEWOBJ_EX { 3 } else { 2 })?;
                let taken = self.stack.from(from);
                (from, taken[0], Some(taken[1]))
            }
        };
        self.finish_call(from, function, arguments)
    }

    fn finish_call(&mut self, from: usize, function: Value, arguments: Option<Value>) -> Result<(), Stop> {
        let arguments = arguments.and_then(|tuple| self.stack.items(tuple)).unwrap_or_default().to_vec();
        let result = self.result(function, &arguments);
        self.cut(from);
        Ok(self.stack.push(result)?)
    }

    fn result(&mut self, function: Value, arguments: &[Value]) -> Value {
        let Some((_, makes)) = self.globals.get(function.id).filter(|_| function.what == What::Global) else {
            return Value::new(if function.what == What::Lost { What::Lost } else { What::Unknown });
        };
        let first = arguments.first().map(|value| self.memo.current(*value));
        // A container of another: of unknown length where that is not seen.
        let sized = |what| match first {
            Some(Value { what: What::List | What::Tuple | What::Set | What::Dict, number, .. }) => {
                Value::sized(what, number)
            }
            Some(_) => Value::new(what),
            None => Value::sized(what, 0),
        };
        match makes {
            Makes::Reconstruct => {
                let shape = arguments.get(1).and_then(|shape| self.stack.shape(*shape));
                Value::sized(What::Array, shape.map_or(UNKNOWN, |shape| self.shapes.number(shape)))
            }
            Makes::FromBuffer => self.buffered(arguments),
            Makes::Scalar => Value::of(What::Scalar, first.filter(|dtype| dtype.what == What::Dtype).map_or(NONE, id)),
            Makes::Dtype => {
                let id = first.map_or(NONE, |code| self.dtype(code));
                Value { id, ..Value::sized(What::Dtype, u64::from(function.id)) }
            }
            Makes::StringDtype => Value::of(What::Dtype, self.dtypes.number("StringDType", Order::Other)),
            Makes::Encoded | Makes::Bytes => match first {
                Some(Value { what: What::Str | What::Bytes, number, .. }) => Value::sized(What::Bytes, number),
                Some(_) => Value::new(What::Bytes),
                None => Value::sized(What::Bytes, 0),
            },
            Makes::Complex => Value::new(What::Complex),
            Makes::Number(Plain::Bool) => Value::new(What::Bool),
            Makes::Number(Plain::Int) => Value::new(What::Int),
            Makes::Number(Plain::Float) => Value::new(What::Float),
            Makes::Str => Value::new(What::Str),
            Makes::Tuple => sized(What::Tuple),
            Makes::List => sized(What::List),
            // The items of an `OrderedDict` follow; those of a `Counter` are its argument.
            Makes::Dict => Value::sized(What::Dict, first.filter(|dict| dict.what == What::Dict).map_or(0, length)),
            Makes::Set => sized(What::Set),
            Makes::Datetime => Value::new(What::Datetime),
            Makes::Nothing => {
                self.globals.misuse(function.id);
                Value::of(What::Object, function.id)
            }
            Makes::Object => Value::of(What::Object, function.id),
        }
    }

    /// `_frombuffer(buffer, dtype, shape, order)`, and with order `K` the axes in the order they are laid out in.
    fn buffered(&mut self, arguments: &[Value]) -> Value {
        let dtype = arguments.get(1).map(|dtype| self.memo.current(*dtype));
        let mut shape = arguments.get(2).and_then(|shape| self.stack.shape(*shape));
        if let Some(axes) = arguments.get(4).filter(|axes| axes.what != What::None) {
            let axes = self.stack.shape(*axes);
            shape = shape.zip(axes).and_then(|(shape, axes)| {
                axes.iter().map(|axis| shape.get(usize::try_from(*axis).ok()?).copied()).collect()
            });
        }
        let number = shape.map_or(UNKNOWN, |shape| self.shapes.number(shape));
        let id = dtype.filter(|dtype| dtype.what == What::Dtype).map_or(NONE, id);
        Value { id, ..Value::sized(What::Array, number) }
    }

    /// The dtype of the first argument of `numpy.dtype`: a code such as `f4`, or a class such as `bfloat16`.
    fn dtype(&mut self, code: Value) -> u32 {
        let code = match code.what {
            What::Str => self.texts.get(code.id).map(str::to_owned),
            What::Global => self.globals.path(code.id).and_then(|path| path.rsplit('.').next().map(str::to_owned)),
            _ => None,
        };
        code.map_or(NONE, |code| self.dtypes.number(&code, Order::Other))
    }

    /// Gives an object its state, which is taken off.
    pub(super) fn build(&mut self) -> Result<(), Stop> {
        let from = self.stack.last(2)?;
        let (target, state) = (self.stack.from(from)[0], self.stack.from(from)[1]);
        let mut target = self.memo.current(target);
        let items = self.stack.items(state).unwrap_or_default();
        match target.what {
            // Version, shape, dtype, whether in Fortran order, data; masked arrays add mask and fill value.
            What::Array if items.len() >= 5 => {
                let (shape, dtype) = (self.stack.shape(items[1]), self.memo.current(items[2]));
                target.number = shape.map_or(UNKNOWN, |shape| self.shapes.number(shape));
                target.id = if dtype.what == What::Dtype { dtype.id } else { NONE };
            }
            // Version, byte order, and what structured types have.
            What::Dtype if items.len() >= 2 => {
                let (order, flags) = (items[1], items.get(7).copied());
                if self.dtypes.is_object(target.id)
                    && flags.is_some_and(|flags| flags.what == What::Int && flags.number & HAS_OBJECT == 0)
                {
                    self.globals.misuse(u32::try_from(target.number).unwrap_or(NONE));
                }
                let big = self.texts.get(order.id).filter(|_| order.what == What::Str) == Some(">");
                target.id = self.dtypes.ordered(target.id, if big { Order::Big } else { Order::Other });
            }
            What::Global => self.globals.misuse(target.id),
            _ => {}
        }
        self.cut(from + 1);
        if let Some(value) = self.stack.get_mut(from) {
            (value.number, value.id) = (target.number, if value.what == target.what { target.id } else { value.id });
            let value = *value;
            self.memo.update(value);
        }
        Ok(())
    }
}

/// The flag that keeps NumPy from taking bytes for the addresses of objects. A dtype believes what its state says.
const HAS_OBJECT: u64 = 1;

fn id(value: Value) -> u32 {
    value.id
}

fn length(value: Value) -> u64 {
    value.number
}
