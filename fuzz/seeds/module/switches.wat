;; Branches of every kind out of nested blocks with values.
(module
  (memory (export "memory") 1)
  (func (export "init") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 1)))
  (func (export "entry_point") (param $at i32) (param $left i32) (result i32)
    (block $c (result i32)
      (block $b (result i32)
        (block $a (result i32)
          (br_table $a $b $c (local.get $left) (i32.rem_u (i32.load8_u (local.get $at)) (i32.const 3))))
        (if (param i32) (result i32) (local.get $at)
          (then (i32.rotl (i32.const 3)))
          (else (return))))
      (i32.div_s (i32.const 0)))))
