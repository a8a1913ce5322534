;; A decoder of lz4 blocks (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): sequences of
;;
;;   token | more literal length | literals | u16 offset | more match length
;;
;; The token's high four bits are the number of literals, its low four the length of the match less 4; 15 in either is followed by bytes that are
;; added to it, up to and including the first that is not 255. A match repeats what lies `offset` bytes back, perhaps what it is itself writing.
;; The last sequence ends with its literals.
;;
;; Copies go eight bytes at a time, and may read and write up to eight bytes more than asked: the host leaves that much room behind input and
;; output. Everything else is checked; a trap is a fault of the host.

(module
  (memory (export "memory") 4)

  ;; Adds the bytes that follow a length of 15, from $cursor on. Returns length and cursor; length -1: the input ends before.
  (func $extend (param $length i32) (param $cursor i32) (param $inputEnd i32) (result i32 i32)
    (local $byte i32)
    (loop $more
      (if (i32.ge_u (local.get $cursor) (local.get $inputEnd))
        (then (return (i32.const -1) (local.get $cursor))))
      (local.set $byte (i32.load8_u (local.get $cursor)))
      (local.set $cursor (i32.add (local.get $cursor) (i32.const 1)))
      (local.set $length (i32.add (local.get $length) (local.get $byte)))
      (br_if $more (i32.eq (local.get $byte) (i32.const 255))))
    (local.get $length)
    (local.get $cursor))

  ;; Fills [$to, $end), and up to eight bytes behind it, from $from on, which lies at least eight bytes back or elsewhere.
  (func $copy (param $to i32) (param $from i32) (param $end i32)
    (loop $words
      (i64.store align=1 (local.get $to) (i64.load align=1 (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (br_if $words (i32.lt_u (local.get $to) (local.get $end)))))

  ;; A match that lies less than eight bytes back: its first bytes one by one, until the pattern can be copied from eight bytes back or more.
  (func $repeat (param $to i32) (param $offset i32) (param $end i32)
    (local $near i32) (local $distance i32)
    (local.set $near (i32.add (local.get $to) (i32.const 8)))
    (if (i32.gt_u (local.get $near) (local.get $end)) (then (local.set $near (local.get $end))))
    (loop $bytes
      (i32.store8 (local.get $to) (i32.load8_u (i32.sub (local.get $to) (local.get $offset))))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br_if $bytes (i32.lt_u (local.get $to) (local.get $near))))
    (if (i32.ge_u (local.get $to) (local.get $end)) (then (return)))
    (local.set $distance (local.get $offset))
    (loop $widen
      (local.set $distance (i32.add (local.get $distance) (local.get $offset)))
      (br_if $widen (i32.lt_u (local.get $distance) (i32.const 8))))
    (call $copy (local.get $to) (i32.sub (local.get $to) (local.get $distance)) (local.get $end)))

  ;; Decodes the input to [$output, $outputEnd). Returns the number of bytes written, or -1: the input is no lz4 block, or stands for more than that.
  (func (export "decode") (param $input i32) (param $inputEnd i32) (param $output i32) (param $outputEnd i32) (result i32)
    (local $from i32) (local $to i32) (local $end i32) (local $token i32) (local $length i32) (local $offset i32)
    (local.set $from (local.get $input))
    (local.set $to (local.get $output))
    (loop $sequence
      (if (i32.ge_u (local.get $from) (local.get $inputEnd)) (then (return (i32.const -1))))
      (local.set $token (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))

      ;; The literals.
      (local.set $length (i32.shr_u (local.get $token) (i32.const 4)))
      (if (i32.eq (local.get $length) (i32.const 15))
        (then
          (call $extend (local.get $length) (local.get $from) (local.get $inputEnd))
          (local.set $from)
          (local.set $length)))
      (if (i32.or
            (i32.gt_u (local.get $length) (i32.sub (local.get $inputEnd) (local.get $from)))
            (i32.gt_u (local.get $length) (i32.sub (local.get $outputEnd) (local.get $to))))
        (then (return (i32.const -1))))
      (local.set $end (i32.add (local.get $to) (local.get $length)))
      (call $copy (local.get $to) (local.get $from) (local.get $end))
      (local.set $from (i32.add (local.get $from) (local.get $length)))
      (local.set $to (local.get $end))
      (if (i32.eq (local.get $from) (local.get $inputEnd))
        (then (return (i32.sub (local.get $to) (local.get $output)))))

      ;; The match.
      (if (i32.lt_u (i32.sub (local.get $inputEnd) (local.get $from)) (i32.const 2)) (then (return (i32.const -1))))
      (local.set $offset (i32.load16_u align=1 (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 2)))
      (local.set $length (i32.and (local.get $token) (i32.const 15)))
      (if (i32.eq (local.get $length) (i32.const 15))
        (then
          (call $extend (local.get $length) (local.get $from) (local.get $inputEnd))
          (local.set $from)
          (local.set $length)
          (if (i32.lt_s (local.get $length) (i32.const 0)) (then (return (i32.const -1))))))
      (local.set $length (i32.add (local.get $length) (i32.const 4)))
      (if (i32.or
            (i32.or
              (i32.eqz (local.get $offset))
              (i32.gt_u (local.get $offset) (i32.sub (local.get $to) (local.get $output))))
            (i32.gt_u (local.get $length) (i32.sub (local.get $outputEnd) (local.get $to))))
        (then (return (i32.const -1))))
      (local.set $end (i32.add (local.get $to) (local.get $length)))
      (if (i32.lt_u (local.get $offset) (i32.const 8))
        (then (call $repeat (local.get $to) (local.get $offset) (local.get $end)))
        (else (call $copy (local.get $to) (i32.sub (local.get $to) (local.get $offset)) (local.get $end))))
      (local.set $to (local.get $end))
      (br $sequence))
    (unreachable)))
