;; Calls itself until the stack ends, with floats in its frames.
(module
  (memory (export "memory") 1)
  (func $deeper (param f64 f64) (result f64)
    (f64.add (call $deeper (f64.sqrt (local.get 0)) (f64.neg (local.get 1))) (local.get 0)))
  (func (export "init") (param i32) (result i32) i32.const 1024)
  (func (export "entry_point") (param i32 i32) (result i32)
    (i32.trunc_sat_f64_s (call $deeper (f64.const -2) (f64.const nan)))))
