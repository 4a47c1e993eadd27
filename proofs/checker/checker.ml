
(** val negb : bool -> bool **)

let negb = function
| true -> false
| false -> true

(** val option_map : ('a1 -> 'a2) -> 'a1 option -> 'a2 option **)

let option_map f = function
| Some a -> Some (f a)
| None -> None

(** val fst : ('a1 * 'a2) -> 'a1 **)

let fst = function
| (x, _) -> x

(** val snd : ('a1 * 'a2) -> 'a2 **)

let snd = function
| (_, y) -> y

(** val length : 'a1 list -> int **)

let rec length = function
| [] -> 0
| _ :: l' -> Stdlib.Int.succ (length l')

(** val app : 'a1 list -> 'a1 list -> 'a1 list **)

let rec app l m =
  match l with
  | [] -> m
  | a :: l1 -> a :: (app l1 m)

type comparison =
| Eq
| Lt
| Gt

(** val pred : int -> int **)

let pred = fun n -> Stdlib.max 0 (n-1)

module Coq__1 = struct
 (** val add : int -> int -> int **)let rec add = (+)
end
include Coq__1

(** val eqb : bool -> bool -> bool **)

let eqb b1 b2 =
  if b1 then b2 else if b2 then false else true

module Nat =
 struct
  (** val ltb : int -> int -> bool **)

  let ltb n0 m =
    (<=) (Stdlib.Int.succ n0) m

  (** val max : int -> int -> int **)

  let rec max n0 m =
    (fun fO fS n -> if n=0 then fO () else fS (n-1))
      (fun _ -> m)
      (fun n' ->
      (fun fO fS n -> if n=0 then fO () else fS (n-1))
        (fun _ -> n0)
        (fun m' -> Stdlib.Int.succ (max n' m'))
        m)
      n0
 end

module Pos =
 struct
  type mask =
  | IsNul
  | IsPos of Big_int_Z.big_int
  | IsNeg
 end

module Coq_Pos =
 struct
  (** val succ : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec succ = Big_int_Z.succ_big_int

  (** val add :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec add = Big_int_Z.add_big_int

  (** val add_carry :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  and add_carry x y =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (add_carry p q0))
        (fun q0 -> Big_int_Z.mult_int_big_int 2 (add_carry p q0))
        (fun _ ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (succ p))
        y)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> Big_int_Z.mult_int_big_int 2 (add_carry p q0))
        (fun q0 ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (add p q0))
        (fun _ -> Big_int_Z.mult_int_big_int 2 (succ p))
        y)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (succ q0))
        (fun q0 -> Big_int_Z.mult_int_big_int 2 (succ q0))
        (fun _ ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        Big_int_Z.unit_big_int)
        y)
      x

  (** val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec pred_double x =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
      (Big_int_Z.mult_int_big_int 2 p))
      (fun p ->
      (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
      (pred_double p))
      (fun _ -> Big_int_Z.unit_big_int)
      x

  type mask = Pos.mask =
  | IsNul
  | IsPos of Big_int_Z.big_int
  | IsNeg

  (** val succ_double_mask : mask -> mask **)

  let succ_double_mask = function
  | IsNul -> IsPos Big_int_Z.unit_big_int
  | IsPos p ->
    IsPos ((fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
      p)
  | IsNeg -> IsNeg

  (** val double_mask : mask -> mask **)

  let double_mask = function
  | IsPos p -> IsPos (Big_int_Z.mult_int_big_int 2 p)
  | x0 -> x0

  (** val double_pred_mask : Big_int_Z.big_int -> mask **)

  let double_pred_mask x =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p -> IsPos (Big_int_Z.mult_int_big_int 2
      (Big_int_Z.mult_int_big_int 2 p)))
      (fun p -> IsPos (Big_int_Z.mult_int_big_int 2
      (pred_double p)))
      (fun _ -> IsNul)
      x

  (** val sub_mask : Big_int_Z.big_int -> Big_int_Z.big_int -> mask **)

  let rec sub_mask x y =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> double_mask (sub_mask p q0))
        (fun q0 -> succ_double_mask (sub_mask p q0))
        (fun _ -> IsPos (Big_int_Z.mult_int_big_int 2 p))
        y)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> succ_double_mask (sub_mask_carry p q0))
        (fun q0 -> double_mask (sub_mask p q0))
        (fun _ -> IsPos (pred_double p))
        y)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> IsNeg)
        (fun _ -> IsNeg)
        (fun _ -> IsNul)
        y)
      x

  (** val sub_mask_carry : Big_int_Z.big_int -> Big_int_Z.big_int -> mask **)

  and sub_mask_carry x y =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> succ_double_mask (sub_mask_carry p q0))
        (fun q0 -> double_mask (sub_mask p q0))
        (fun _ -> IsPos (pred_double p))
        y)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> double_mask (sub_mask_carry p q0))
        (fun q0 -> succ_double_mask (sub_mask_carry p q0))
        (fun _ -> double_pred_mask p)
        y)
      (fun _ -> IsNeg)
      x

  (** val sub :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let sub = (fun n m -> Big_int_Z.max_big_int
  Big_int_Z.unit_big_int (Big_int_Z.sub_big_int n m))

  (** val mul :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec mul = Big_int_Z.mult_big_int

  (** val iter : ('a1 -> 'a1) -> 'a1 -> Big_int_Z.big_int -> 'a1 **)

  let rec iter f x n0 =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun n' -> f (iter f (iter f x n') n'))
      (fun n' -> iter f (iter f x n') n')
      (fun _ -> f x)
      n0

  (** val div2 : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let div2 p =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 -> p0)
      (fun p0 -> p0)
      (fun _ -> Big_int_Z.unit_big_int)
      p

  (** val div2_up : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let div2_up p =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 -> succ p0)
      (fun p0 -> p0)
      (fun _ -> Big_int_Z.unit_big_int)
      p

  (** val size_nat : Big_int_Z.big_int -> int **)

  let rec size_nat p =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 -> Stdlib.Int.succ (size_nat p0))
      (fun p0 -> Stdlib.Int.succ (size_nat p0))
      (fun _ -> Stdlib.Int.succ 0)
      p

  (** val size : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec size p =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 -> succ (size p0))
      (fun p0 -> succ (size p0))
      (fun _ -> Big_int_Z.unit_big_int)
      p

  (** val compare_cont :
      comparison -> Big_int_Z.big_int -> Big_int_Z.big_int -> comparison **)

  let rec compare_cont = (fun c x y -> let s = Big_int_Z.compare_big_int x y in
  if s = 0 then c else if s < 0 then Lt else Gt)

  (** val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison **)

  let compare = (fun x y -> let s = Big_int_Z.compare_big_int x y in
  if s = 0 then Eq else if s < 0 then Lt else Gt)

  (** val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let rec eqb p q0 =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q1 -> eqb p0 q1)
        (fun _ -> false)
        (fun _ -> false)
        q0)
      (fun p0 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> false)
        (fun q1 -> eqb p0 q1)
        (fun _ -> false)
        q0)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> false)
        (fun _ -> false)
        (fun _ -> true)
        q0)
      p

  (** val gcdn :
      int -> Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec gcdn n0 a b =
    (fun fO fS n -> if n=0 then fO () else fS (n-1))
      (fun _ -> Big_int_Z.unit_big_int)
      (fun n1 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun a' ->
        (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
          (fun b' ->
          match compare a' b' with
          | Eq -> a
          | Lt -> gcdn n1 (sub b' a') a
          | Gt -> gcdn n1 (sub a' b') b)
          (fun b0 -> gcdn n1 a b0)
          (fun _ -> Big_int_Z.unit_big_int)
          b)
        (fun a0 ->
        (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
          (fun _ -> gcdn n1 a0 b)
          (fun b0 -> Big_int_Z.mult_int_big_int 2 (gcdn n1 a0 b0))
          (fun _ -> Big_int_Z.unit_big_int)
          b)
        (fun _ -> Big_int_Z.unit_big_int)
        a)
      n0

  (** val gcd :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let gcd a b =
    gcdn (Coq__1.add (size_nat a) (size_nat b)) a b
 end

module N =
 struct
  (** val add :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let add = Big_int_Z.add_big_int
 end

module Z =
 struct
  (** val double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let double x =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.zero_big_int)
      (fun p -> (Big_int_Z.mult_int_big_int 2 p))
      (fun p -> Big_int_Z.minus_big_int (Big_int_Z.mult_int_big_int 2 p))
      x

  (** val succ_double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let succ_double x =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.unit_big_int)
      (fun p ->
      ((fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
      p))
      (fun p -> Big_int_Z.minus_big_int (Coq_Pos.pred_double p))
      x

  (** val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let pred_double x =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.minus_big_int Big_int_Z.unit_big_int)
      (fun p -> (Coq_Pos.pred_double p))
      (fun p -> Big_int_Z.minus_big_int
      ((fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x)) p))
      x

  (** val pos_sub :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec pos_sub x y =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> double (pos_sub p q0))
        (fun q0 -> succ_double (pos_sub p q0))
        (fun _ -> (Big_int_Z.mult_int_big_int 2 p))
        y)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> pred_double (pos_sub p q0))
        (fun q0 -> double (pos_sub p q0))
        (fun _ -> (Coq_Pos.pred_double p))
        y)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> Big_int_Z.minus_big_int (Big_int_Z.mult_int_big_int 2
        q0))
        (fun q0 -> Big_int_Z.minus_big_int (Coq_Pos.pred_double q0))
        (fun _ -> Big_int_Z.zero_big_int)
        y)
      x

  (** val add :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let add = Big_int_Z.add_big_int

  (** val opp : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let opp = Big_int_Z.minus_big_int

  (** val sub :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let sub = Big_int_Z.sub_big_int

  (** val mul :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let mul = Big_int_Z.mult_big_int

  (** val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison **)

  let compare = (fun x y -> let s = Big_int_Z.compare_big_int x y in
  if s = 0 then Eq else if s < 0 then Lt else Gt)

  (** val leb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let leb = Big_int_Z.le_big_int

  (** val ltb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let ltb = Big_int_Z.lt_big_int

  (** val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let eqb = Big_int_Z.eq_big_int

  (** val max :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let max = Big_int_Z.max_big_int

  (** val min :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let min = Big_int_Z.min_big_int

  (** val abs : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let abs = Big_int_Z.abs_big_int

  (** val to_pos : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let to_pos z0 =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.unit_big_int)
      (fun p -> p)
      (fun _ -> Big_int_Z.unit_big_int)
      z0

  (** val pos_div_eucl :
      Big_int_Z.big_int -> Big_int_Z.big_int ->
      Big_int_Z.big_int * Big_int_Z.big_int **)

  let rec pos_div_eucl a b =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun a' ->
      let (q0, r) = pos_div_eucl a' b in
      let r' =
        add (mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) r)
          Big_int_Z.unit_big_int
      in
      if ltb r' b
      then ((mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q0),
             r')
      else ((add
              (mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q0)
              Big_int_Z.unit_big_int), (sub r' b)))
      (fun a' ->
      let (q0, r) = pos_div_eucl a' b in
      let r' = mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) r in
      if ltb r' b
      then ((mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q0),
             r')
      else ((add
              (mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q0)
              Big_int_Z.unit_big_int), (sub r' b)))
      (fun _ ->
      if leb (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) b
      then (Big_int_Z.zero_big_int, Big_int_Z.unit_big_int)
      else (Big_int_Z.unit_big_int, Big_int_Z.zero_big_int))
      a

  (** val div_eucl :
      Big_int_Z.big_int -> Big_int_Z.big_int ->
      Big_int_Z.big_int * Big_int_Z.big_int **)

  let div_eucl = Big_int_Z.(fun x y ->
  match sign_big_int y with
  | 0 -> (zero_big_int, x)
  | 1 -> quomod_big_int x y
  | _ -> let (q, r) = quomod_big_int (add_int_big_int (-1) x) y in
          (add_int_big_int (-1) q, add_big_int (add_int_big_int 1 y) r))

  (** val div :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let div = Big_int_Z.(fun x y ->
  match sign_big_int y with
  | 0 -> zero_big_int
  | 1 -> div_big_int x y
  | _ -> add_int_big_int (-1) (div_big_int (add_int_big_int (-1) x) y))

  (** val modulo :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let modulo = Big_int_Z.(fun x y ->
  match sign_big_int y with
  | 0 -> x
  | 1 -> mod_big_int x y
  | _ -> add_big_int y (add_int_big_int 1 (mod_big_int (add_int_big_int (-1) x) y)))

  (** val div2 : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let div2 z0 =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.zero_big_int)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> (Coq_Pos.div2 p))
        (fun _ -> (Coq_Pos.div2 p))
        (fun _ -> Big_int_Z.zero_big_int)
        p)
      (fun p -> Big_int_Z.minus_big_int (Coq_Pos.div2_up p))
      z0

  (** val log2 : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let log2 z0 =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.zero_big_int)
      (fun p0 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun p -> (Coq_Pos.size p))
        (fun p -> (Coq_Pos.size p))
        (fun _ -> Big_int_Z.zero_big_int)
        p0)
      (fun _ -> Big_int_Z.zero_big_int)
      z0

  (** val gcd :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let gcd = Big_int_Z.gcd_big_int

  (** val shiftl :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let shiftl = Big_int_Z.(fun x y ->
  let y = int_of_big_int y in
  if y < 0 then shift_right_big_int x (-y)
  else shift_left_big_int x y)

  (** val shiftr :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let shiftr = Big_int_Z.(fun x y ->
  let y = int_of_big_int y in
  if y < 0 then shift_left_big_int x (-y)
  else shift_right_big_int x y)

  (** val lcm :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let lcm a b =
    abs (mul a (div b (gcd a b)))
 end

(** val hd : 'a1 -> 'a1 list -> 'a1 **)

let hd default = function
| [] -> default
| x :: _ -> x

(** val tl : 'a1 list -> 'a1 list **)

let tl = function
| [] -> []
| _ :: m -> m

(** val nth : int -> 'a1 list -> 'a1 -> 'a1 **)

let rec nth n0 l default =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> match l with
              | [] -> default
              | x :: _ -> x)
    (fun m -> match l with
              | [] -> default
              | _ :: t -> nth m t default)
    n0

(** val nth_error : 'a1 list -> int -> 'a1 option **)

let rec nth_error l n0 =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> match l with
              | [] -> None
              | x :: _ -> Some x)
    (fun n1 -> match l with
               | [] -> None
               | _ :: l0 -> nth_error l0 n1)
    n0

(** val concat : 'a1 list list -> 'a1 list **)

let rec concat = function
| [] -> []
| x :: l0 -> app x (concat l0)

(** val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list **)

let rec map f = function
| [] -> []
| a :: t -> (f a) :: (map f t)

(** val fold_left : ('a1 -> 'a2 -> 'a1) -> 'a2 list -> 'a1 -> 'a1 **)

let rec fold_left f l a0 =
  match l with
  | [] -> a0
  | b :: t -> fold_left f t (f a0 b)

(** val fold_right : ('a2 -> 'a1 -> 'a1) -> 'a1 -> 'a2 list -> 'a1 **)

let rec fold_right f a0 = function
| [] -> a0
| b :: t -> f b (fold_right f a0 t)

(** val existsb : ('a1 -> bool) -> 'a1 list -> bool **)

let rec existsb f = function
| [] -> false
| a :: l0 -> (||) (f a) (existsb f l0)

(** val forallb : ('a1 -> bool) -> 'a1 list -> bool **)

let rec forallb f = function
| [] -> true
| a :: l0 -> (&&) (f a) (forallb f l0)

(** val filter : ('a1 -> bool) -> 'a1 list -> 'a1 list **)

let rec filter f = function
| [] -> []
| x :: l0 -> if f x then x :: (filter f l0) else filter f l0

(** val combine : 'a1 list -> 'a2 list -> ('a1 * 'a2) list **)

let rec combine l l' =
  match l with
  | [] -> []
  | x :: tl0 ->
    (match l' with
     | [] -> []
     | y :: tl' -> (x, y) :: (combine tl0 tl'))

(** val seq : int -> int -> int list **)

let rec seq start0 len =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun len0 -> start0 :: (seq (Stdlib.Int.succ start0) len0))
    len

(** val repeat : 'a1 -> int -> 'a1 list **)

let rec repeat x n0 =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun k -> x :: (repeat x k))
    n0

type q = { qnum : Big_int_Z.big_int; qden : Big_int_Z.big_int }

type layer = { weights : Big_int_Z.big_int list list;
               weight_den : Big_int_Z.big_int;
               biases : Big_int_Z.big_int list; bias_den : Big_int_Z.big_int;
               relus : bool list }

(** val no_layer : layer **)

let no_layer =
  { weights = []; weight_den = Big_int_Z.unit_big_int; biases = [];
    bias_den = Big_int_Z.unit_big_int; relus = [] }

(** val chosen : bool list -> 'a1 list -> 'a1 list **)

let rec chosen ms zs =
  match ms with
  | [] -> []
  | m :: ms' ->
    (match zs with
     | [] -> []
     | z0 :: zs' -> if m then z0 :: (chosen ms' zs') else chosen ms' zs')

(** val width : layer -> int **)

let width l =
  length (combine l.weights l.biases)

type below =
| Idle
| Above of Big_int_Z.big_int option

type 'num kind = { none : 'num; plus : ('num -> 'num -> 'num);
                   opposite : ('num -> 'num); sign : ('num -> comparison);
                   least : ('num -> 'num -> 'num);
                   whole : (Big_int_Z.big_int -> 'num);
                   known : (Big_int_Z.big_int -> 'num);
                   ratio : (Big_int_Z.big_int -> Big_int_Z.big_int -> 'num);
                   multiple : (Big_int_Z.big_int -> 'num -> 'num);
                   times : ('num -> 'num -> 'num);
                   chord : ('num -> Big_int_Z.big_int -> Big_int_Z.big_int ->
                           'num);
                   slope : ('num -> Big_int_Z.big_int -> 'num);
                   affine : (int -> below list -> 'num list -> ('num
                            list * 'num) * Big_int_Z.big_int option);
                   settle : (Big_int_Z.big_int -> 'num ->
                            ('num * Big_int_Z.big_int) list -> 'num);
                   down : ('num -> Big_int_Z.big_int) }

(** val exponent : Big_int_Z.big_int -> Big_int_Z.big_int option **)

let exponent d =
  let s = Z.log2 d in
  if Z.eqb (Z.shiftl Big_int_Z.unit_big_int s) d then Some s else None

(** val div_by :
    Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int ->
    Big_int_Z.big_int **)

let div_by d e v =
  match e with
  | Some s -> Z.shiftr v s
  | None -> Z.div v d

(** val mul_by :
    Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int ->
    Big_int_Z.big_int **)

let mul_by d e v =
  match e with
  | Some s -> Z.shiftl v s
  | None -> Z.mul v d

(** val two_24 : Big_int_Z.big_int **)

let two_24 =
  Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
    Big_int_Z.unit_big_int)))))))))))))))))))))))

(** val exponent_24 : Big_int_Z.big_int option **)

let exponent_24 =
  exponent two_24

(** val add_row :
    Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int list ->
    Big_int_Z.big_int list **)

let rec add_row k ws acc =
  match ws with
  | [] -> acc
  | w :: ws' ->
    (match acc with
     | [] -> map (Z.mul k) ws
     | a :: acc' -> (Z.add a (Z.mul k w)) :: (add_row k ws' acc'))

(** val sum_rows :
    Big_int_Z.big_int list -> (Big_int_Z.big_int list * Big_int_Z.big_int)
    list -> Big_int_Z.big_int list -> Big_int_Z.big_int -> Big_int_Z.big_int
    list * Big_int_Z.big_int **)

let rec sum_rows ps wbs acc b =
  match ps with
  | [] -> (acc, b)
  | p :: ps' ->
    (match wbs with
     | [] -> (acc, b)
     | p0 :: wbs' ->
       let (ws, bias) = p0 in
       if Z.eqb p Big_int_Z.zero_big_int
       then sum_rows ps' wbs' acc b
       else sum_rows ps' wbs' (add_row p ws acc) (Z.add b (Z.mul p bias)))

type packed = { unpacked : layer; den_exponent : Big_int_Z.big_int option;
                digit : Big_int_Z.big_int; half : Big_int_Z.big_int;
                halves : Big_int_Z.big_int; columns : int;
                largest : Big_int_Z.big_int;
                long_rows : (Big_int_Z.big_int * Big_int_Z.big_int) list }

(** val long :
    Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int **)

let rec long digit0 = function
| [] -> Big_int_Z.zero_big_int
| w :: ws' -> Z.add w (Z.shiftl (long digit0 ws') digit0)

(** val bits :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int **)

let bits = Big_int_Z.(fun v from size -> extract_big_int v (int_of_big_int from) (int_of_big_int size))

(** val digits :
    int -> below list -> Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list **)

let rec digits n0 floors0 digit0 half0 from v =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun n' ->
    match floors0 with
    | [] -> []
    | f :: floors' ->
      (match f with
       | Idle -> Big_int_Z.zero_big_int
       | Above _ -> Z.sub (bits v from digit0) half0) :: (digits n' floors'
                                                           digit0 half0
                                                           (Z.add from digit0)
                                                           v))
    n0

(** val pack : Big_int_Z.big_int -> layer -> packed **)

let pack room l =
  let wbs = combine l.weights l.biases in
  let most =
    fold_right (fun wb m ->
      fold_right (fun w m0 -> Z.max (Z.abs w) m0) m (fst wb))
      Big_int_Z.unit_big_int wbs
  in
  let digit0 = Z.add (Z.log2 most) room in
  let columns0 = fold_right (fun wb n0 -> Nat.max (length (fst wb)) n0) 0 wbs
  in
  let half0 =
    Z.shiftl Big_int_Z.unit_big_int (Z.sub digit0 Big_int_Z.unit_big_int)
  in
  { unpacked = l; den_exponent = (exponent l.weight_den); digit = digit0;
  half = half0; halves = (long digit0 (repeat half0 columns0)); columns =
  columns0; largest = most; long_rows =
  (map (fun wb -> ((long digit0 (fst wb)), (snd wb))) wbs) }

(** val sum_long :
    Big_int_Z.big_int list -> (Big_int_Z.big_int * Big_int_Z.big_int) list ->
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
    (Big_int_Z.big_int * Big_int_Z.big_int) * Big_int_Z.big_int **)

let rec sum_long ps rows0 acc size0 b =
  match ps with
  | [] -> ((acc, size0), b)
  | p :: ps' ->
    (match rows0 with
     | [] -> ((acc, size0), b)
     | p0 :: rows' ->
       let (row0, bias) = p0 in
       if Z.eqb p Big_int_Z.zero_big_int
       then sum_long ps' rows' acc size0 b
       else sum_long ps' rows' (Z.add acc (Z.mul p row0))
              (Z.add size0 (Z.abs p)) (Z.add b (Z.mul p bias)))

(** val few : int -> Big_int_Z.big_int list -> bool **)

let rec few n0 = function
| [] -> true
| p :: ps' ->
  if Z.eqb p Big_int_Z.zero_big_int
  then few n0 ps'
  else ((fun fO fS n -> if n=0 then fO () else fS (n-1))
          (fun _ -> false)
          (fun n' -> few n' ps')
          n0)

(** val row_sum :
    packed -> below list -> Big_int_Z.big_int list -> Big_int_Z.big_int
    list * Big_int_Z.big_int **)

let row_sum pk floors0 ps =
  if few (Stdlib.Int.succ (Stdlib.Int.succ 0)) ps
  then sum_rows ps (combine pk.unpacked.weights pk.unpacked.biases) []
         Big_int_Z.zero_big_int
  else let (p, b) =
         sum_long ps pk.long_rows Big_int_Z.zero_big_int
           Big_int_Z.zero_big_int Big_int_Z.zero_big_int
       in
       let (v, size0) = p in
       if Z.ltb (Z.mul size0 pk.largest) pk.half
       then ((digits pk.columns floors0 pk.digit pk.half
               Big_int_Z.zero_big_int (Z.add v pk.halves)), b)
       else sum_rows ps (combine pk.unpacked.weights pk.unpacked.biases) []
              Big_int_Z.zero_big_int

(** val no_pack : packed **)

let no_pack =
  { unpacked = no_layer; den_exponent = (exponent Big_int_Z.unit_big_int);
    digit = Big_int_Z.unit_big_int; half = Big_int_Z.unit_big_int; halves =
    Big_int_Z.zero_big_int; columns = 0; largest = Big_int_Z.unit_big_int;
    long_rows = [] }

(** val cut_all :
    Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int list
    -> below list -> Big_int_Z.big_int list * Big_int_Z.big_int option **)

let rec cut_all d e cs floors0 =
  match cs with
  | [] -> ([], (Some Big_int_Z.zero_big_int))
  | c :: cs' ->
    (match floors0 with
     | [] -> ([], (Some Big_int_Z.zero_big_int))
     | f :: floors' ->
       let (qs, t) = cut_all d e cs' floors' in
       (match f with
        | Idle -> ((Big_int_Z.zero_big_int :: qs), t)
        | Above b ->
          let q0 = div_by d e c in
          ((q0 :: qs),
          (if match b with
              | Some b0 -> Z.eqb b0 Big_int_Z.zero_big_int
              | None -> false
           then t
           else if Z.eqb (mul_by d e q0) c
                then t
                else (match b with
                      | Some b0 ->
                        (match t with
                         | Some t0 -> Some (Z.add b0 t0)
                         | None -> None)
                      | None -> None)))))

(** val fixed_affine :
    packed list -> int -> below list -> Big_int_Z.big_int list ->
    (Big_int_Z.big_int list * Big_int_Z.big_int) * Big_int_Z.big_int option **)

let fixed_affine packs i floors0 ps =
  let pk = nth i packs no_pack in
  let l = pk.unpacked in
  let (cs, b) = row_sum pk floors0 ps in
  let (qs, t) = cut_all l.weight_den pk.den_exponent cs floors0 in
  ((qs, (Z.div b l.bias_den)), t)

(** val fixed_times :
    Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int ->
    Big_int_Z.big_int -> Big_int_Z.big_int **)

let fixed_times u e a b =
  div_by u e (Z.mul a b)

(** val fixed :
    Big_int_Z.big_int -> Big_int_Z.big_int option -> packed list ->
    Big_int_Z.big_int kind **)

let fixed u e packs =
  { none = Big_int_Z.zero_big_int; plus = Z.add; opposite = Z.opp; sign =
    (fun a -> Z.compare a Big_int_Z.zero_big_int); least = Z.min; whole =
    (fun v -> Z.mul v u); known = (fun v -> v); ratio = (fun n0 d ->
    Z.div (Z.mul n0 u) d); multiple = Z.mul; times = (fixed_times u e);
    chord = (fun c low high ->
    div_by two_24 exponent_24
      (Z.mul c (Z.div (mul_by two_24 exponent_24 high) (Z.sub high low))));
    slope = (fun c a ->
    Z.shiftr (Z.mul c a) (Big_int_Z.mult_int_big_int 2
      (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
      Big_int_Z.unit_big_int)))); affine = (fixed_affine packs); settle =
    (fun n0 c terms0 ->
    Z.div
      (Z.add (Z.mul c u)
        (fold_right (fun t s -> Z.add (Z.mul (fst t) (snd t)) s)
          Big_int_Z.zero_big_int terms0)) (Z.mul u n0)); down = (fun v -> v) }

(** val reduced : Big_int_Z.big_int -> Big_int_Z.big_int -> q **)

let reduced n0 d =
  let g = Z.gcd n0 d in { qnum = (Z.div n0 g); qden = (Z.to_pos (Z.div d g)) }

(** val q_plus : q -> q -> q **)

let q_plus a b =
  if Z.eqb a.qden b.qden
  then reduced (Z.add a.qnum b.qnum) a.qden
  else reduced (Z.add (Z.mul a.qnum b.qden) (Z.mul b.qnum a.qden))
         (Coq_Pos.mul a.qden b.qden)

(** val q_times : q -> q -> q **)

let q_times a b =
  reduced (Z.mul a.qnum b.qnum) (Coq_Pos.mul a.qden b.qden)

(** val q_opposite : q -> q **)

let q_opposite a =
  { qnum = (Z.opp a.qnum); qden = a.qden }

(** val q_multiple : Big_int_Z.big_int -> q -> q **)

let q_multiple k a =
  reduced (Z.mul k a.qnum) a.qden

(** val common : q list -> Big_int_Z.big_int **)

let common ps =
  fold_right (fun p d -> Z.lcm p.qden d) Big_int_Z.unit_big_int ps

(** val over : Big_int_Z.big_int -> q -> Big_int_Z.big_int **)

let over d p =
  Z.mul p.qnum (Z.div d p.qden)

(** val exact_affine :
    packed list -> int -> below list -> q list -> (q
    list * q) * Big_int_Z.big_int option **)

let exact_affine packs i floors0 ps =
  let pk = nth i packs no_pack in
  let l = pk.unpacked in
  let d = common ps in
  let (cs, b) = row_sum pk floors0 (map (over d) ps) in
  (((map (fun c -> reduced c (Coq_Pos.mul (Z.to_pos d) l.weight_den)) cs),
  (reduced b (Coq_Pos.mul (Z.to_pos d) l.bias_den))), (Some
  Big_int_Z.zero_big_int))

(** val exact : Big_int_Z.big_int -> packed list -> q kind **)

let exact u packs =
  { none = { qnum = Big_int_Z.zero_big_int; qden = Big_int_Z.unit_big_int };
    plus = q_plus; opposite = q_opposite; sign = (fun a ->
    Z.compare a.qnum Big_int_Z.zero_big_int); least = (fun a b ->
    if Z.leb (Z.mul a.qnum b.qden) (Z.mul b.qnum a.qden) then a else b);
    whole = (fun v -> { qnum = v; qden = Big_int_Z.unit_big_int }); known =
    (fun v -> reduced v u); ratio = reduced; multiple = q_multiple; times =
    q_times; chord = (fun c low high ->
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> c)
      (fun d -> q_times c (reduced high d))
      (fun _ -> c)
      (Z.sub high low)); slope = (fun c a ->
    q_times c
      (reduced a (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
        (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
        (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
        (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
        Big_int_Z.unit_big_int)))))))))); affine = (exact_affine packs);
    settle = (fun n0 c terms0 ->
    q_times
      (fold_right (fun t s -> q_plus (q_times (fst t) (reduced (snd t) u)) s)
        c terms0) { qnum = Big_int_Z.unit_big_int; qden = n0 }); down =
    (fun a -> Z.div (Z.mul a.qnum u) a.qden) }

type fact = Big_int_Z.big_int option * Big_int_Z.big_int option

type region = fact list list

type errors = int -> fact list -> Big_int_Z.big_int list

type hint = { rows : (int * Big_int_Z.big_int) list;
              rows_den : Big_int_Z.big_int;
              betas : (int * ((int * bool) * q)) list;
              alphas : (int * (int * Big_int_Z.big_int)) list }

(** val no_hint : hint **)

let no_hint =
  { rows = []; rows_den = Big_int_Z.unit_big_int; betas = []; alphas = [] }

(** val at_layer : int -> (int * 'a1) list -> 'a1 list **)

let at_layer k entries =
  map snd (filter (fun e -> (=) (fst e) k) entries)

(** val add_lists : 'a1 kind -> 'a1 list -> 'a1 list -> 'a1 list **)

let rec add_lists k a b =
  match a with
  | [] -> b
  | p :: a' ->
    (match b with
     | [] -> a
     | q0 :: b' -> (k.plus p q0) :: (add_lists k a' b'))

(** val add_at : 'a1 kind -> int -> 'a1 -> 'a1 list -> 'a1 list **)

let rec add_at k i v ps =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ ->
    match ps with
    | [] -> v :: []
    | p :: ps' -> (k.plus p v) :: ps')
    (fun i' ->
    match ps with
    | [] -> k.none :: (add_at k i' v [])
    | p :: ps' -> p :: (add_at k i' v ps'))
    i

(** val is_on : fact -> bool **)

let is_on f =
  match fst f with
  | Some l -> Z.leb Big_int_Z.zero_big_int l
  | None -> false

(** val is_off : fact -> bool **)

let is_off f =
  match snd f with
  | Some h -> Z.leb h Big_int_Z.zero_big_int
  | None -> false

(** val relu_step :
    'a1 kind -> Big_int_Z.big_int option -> bool -> fact -> 'a1 ->
    ('a1 * 'a1) option **)

let relu_step k chosen0 m f c =
  if (||) (negb m) (is_on f)
  then Some (c, k.none)
  else if is_off f
       then Some (k.none, k.none)
       else (match k.sign c with
             | Eq -> Some (k.none, k.none)
             | Lt ->
               let (o, o0) = f in
               (match o with
                | Some l ->
                  (match o0 with
                   | Some h ->
                     let p = k.chord c l h in
                     Some (p,
                     (k.least (k.times (k.opposite p) (k.known l))
                       (k.times (k.plus c (k.opposite p)) (k.known h))))
                   | None -> Some (c, (k.times (k.opposite c) (k.known l))))
                | None ->
                  (match o0 with
                   | Some h ->
                     Some (k.none, (k.least (k.times c (k.known h)) k.none))
                   | None -> None))
             | Gt ->
               Some
                 ((match chosen0 with
                   | Some a ->
                     if (&&) (Z.leb Big_int_Z.zero_big_int a)
                          (Z.leb a (Big_int_Z.mult_int_big_int 2
                            (Big_int_Z.mult_int_big_int 2
                            (Big_int_Z.mult_int_big_int 2
                            (Big_int_Z.mult_int_big_int 2
                            (Big_int_Z.mult_int_big_int 2
                            (Big_int_Z.mult_int_big_int 2
                            (Big_int_Z.mult_int_big_int 2
                            (Big_int_Z.mult_int_big_int 2
                            Big_int_Z.unit_big_int)))))))))
                     then k.slope c a
                     else k.none
                   | None ->
                     let (o, o0) = f in
                     (match o with
                      | Some l ->
                        (match o0 with
                         | Some h -> if Z.ltb (Z.opp l) h then c else k.none
                         | None -> k.none)
                      | None -> k.none)), k.none))

(** val slope_of :
    int -> (int * Big_int_Z.big_int) list -> Big_int_Z.big_int option **)

let slope_of i slopes =
  fold_left (fun found s -> if (=) (fst s) i then Some (snd s) else found)
    slopes None

(** val relu_steps :
    'a1 kind -> (int * Big_int_Z.big_int) list -> int -> bool list -> fact
    list -> 'a1 list -> ('a1 list * 'a1) option **)

let rec relu_steps k slopes i ms fs = function
| [] -> Some ([], k.none)
| c :: cs' ->
  (match ms with
   | [] -> Some ([], k.none)
   | m :: ms' ->
     (match fs with
      | [] -> Some ([], k.none)
      | f :: fs' ->
        (match relu_step k (slope_of i slopes) m f c with
         | Some p0 ->
           let (p, t) = p0 in
           (match relu_steps k slopes (Stdlib.Int.succ i) ms' fs' cs' with
            | Some p1 -> let (ps, s) = p1 in Some ((p :: ps), (k.plus t s))
            | None -> None)
         | None -> None)))

(** val beta_step :
    'a1 kind -> fact list -> ('a1 list * 'a1) option -> ((int * bool) * q) ->
    ('a1 list * 'a1) option **)

let beta_step k fs state beta =
  match state with
  | Some p ->
    let (ps, t) = p in
    let (p0, m) = beta in
    let (i, upper) = p0 in
    let b = k.ratio m.qnum m.qden in
    if Z.ltb m.qnum Big_int_Z.zero_big_int
    then None
    else (match nth_error fs i with
          | Some f ->
            let (l, h) = f in
            if upper
            then (match h with
                  | Some h0 ->
                    Some ((add_at k i b ps),
                      (k.plus t (k.times (k.opposite b) (k.known h0))))
                  | None -> None)
            else (match l with
                  | Some l0 ->
                    Some ((add_at k i (k.opposite b) ps),
                      (k.plus t (k.times b (k.known l0))))
                  | None -> None)
          | None -> None)
  | None -> None

(** val floors_under : bool list -> fact list -> below list **)

let rec floors_under ms fs =
  match ms with
  | [] -> []
  | m :: ms' ->
    (match fs with
     | [] -> []
     | f :: fs' ->
       (if m
        then if (&&) (is_off f) (negb (is_on f))
             then Idle
             else Above (Some Big_int_Z.zero_big_int)
        else Above (option_map (Z.min Big_int_Z.zero_big_int) (fst f))) :: 
         (floors_under ms' fs'))

(** val floors : layer list -> int -> fact list -> below list **)

let floors net i fs =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ ->
    map (fun f -> Above (option_map (Z.min Big_int_Z.zero_big_int) (fst f)))
      fs)
    (fun j -> floors_under (nth j net no_layer).relus fs)
    i

(** val loss : 'a1 kind -> Big_int_Z.big_int list -> 'a1 list -> 'a1 **)

let rec loss k ds ps =
  match ds with
  | [] -> k.none
  | d :: ds' ->
    (match ps with
     | [] -> k.none
     | p :: ps' ->
       k.plus (k.times (k.least p (k.opposite p)) (k.known d))
         (loss k ds' ps'))

type 'num function0 = { at_before : (int -> 'num list);
                        at_after : (int -> 'num list) }

(** val carry_back :
    'a1 kind -> Big_int_Z.big_int -> layer list -> errors -> region -> hint
    -> 'a1 function0 -> int -> 'a1 list -> 'a1 -> ('a1 list * 'a1) option **)

let rec carry_back k u net lost kn h f n0 carried constant0 =
  let cs = add_lists k carried (f.at_after n0) in
  ((fun fO fS n -> if n=0 then fO () else fS (n-1))
     (fun _ -> Some ((add_lists k cs (f.at_before 0)), constant0))
     (fun i ->
     let l = nth i net no_layer in
     let fs = nth n0 kn [] in
     (match nth_error kn n0 with
      | Some _ ->
        (match relu_steps k (at_layer n0 h.alphas) 0 l.relus fs cs with
         | Some p ->
           let (ps, t) = p in
           (match fold_left (beta_step k fs) (at_layer n0 h.betas) (Some
                    ((add_lists k ps (f.at_before n0)), (k.plus constant0 t))) with
            | Some p0 ->
              let (ps0, t0) = p0 in
              (match nth_error kn i with
               | Some below0 ->
                 let (p1, o) = k.affine i (floors net i below0) ps0 in
                 let (cs0, b) = p1 in
                 (match o with
                  | Some v ->
                    carry_back k u net lost kn h f i cs0
                      (k.plus
                        (k.plus (k.plus t0 (loss k (lost i below0) ps0)) b)
                        (k.known (Z.div v u)))
                  | None -> None)
               | None -> None)
            | None -> None)
         | None -> None)
      | None ->
        (match cs with
         | [] ->
           (match relu_steps k (at_layer n0 h.alphas) 0 l.relus fs cs with
            | Some p ->
              let (ps, t) = p in
              (match fold_left (beta_step k fs) (at_layer n0 h.betas) (Some
                       ((add_lists k ps (f.at_before n0)),
                       (k.plus constant0 t))) with
               | Some p0 ->
                 let (ps0, t0) = p0 in
                 (match nth_error kn i with
                  | Some below0 ->
                    let (p1, o) = k.affine i (floors net i below0) ps0 in
                    let (cs0, b) = p1 in
                    (match o with
                     | Some v ->
                       carry_back k u net lost kn h f i cs0
                         (k.plus
                           (k.plus (k.plus t0 (loss k (lost i below0) ps0)) b)
                           (k.known (Z.div v u)))
                     | None -> None)
                  | None -> None)
               | None -> None)
            | None -> None)
         | _ :: _ -> None)))
     n0)

(** val unit_function : 'a1 kind -> int -> int -> bool -> 'a1 function0 **)

let unit_function k n0 i upper =
  { at_before = (fun m ->
    if (=) m n0
    then app (repeat k.none i)
           ((k.whole
              (if upper
               then Big_int_Z.minus_big_int Big_int_Z.unit_big_int
               else Big_int_Z.unit_big_int)) :: [])
    else []); at_after = (fun _ -> []) }

(** val z_dot :
    Big_int_Z.big_int list -> Big_int_Z.big_int list -> Big_int_Z.big_int **)

let rec z_dot a b =
  match a with
  | [] -> Big_int_Z.zero_big_int
  | p :: a' ->
    (match b with
     | [] -> Big_int_Z.zero_big_int
     | q0 :: b' -> Z.add (Z.mul p q0) (z_dot a' b'))

type noise = { grid : Big_int_Z.big_int;
               error_rows : (Big_int_Z.big_int list * Big_int_Z.big_int) list;
               sizes : Big_int_Z.big_int list }

(** val div_up :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let div_up a d =
  Z.opp (Z.div (Z.opp a) d)

(** val size_of : bool -> fact -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let size_of m f size0 =
  let (low, o) = f in
  (match o with
   | Some h ->
     if m
     then Z.min size0 (Z.max h Big_int_Z.zero_big_int)
     else (match low with
           | Some l -> Z.min size0 (Z.max (Z.abs l) (Z.abs h))
           | None -> size0)
   | None -> size0)

(** val region_sizes :
    bool list -> fact list -> Big_int_Z.big_int list -> Big_int_Z.big_int list **)

let rec region_sizes ms fs all = match all with
| [] -> all
| size0 :: all' ->
  (match fs with
   | [] -> all
   | f :: fs' ->
     (size_of (hd false ms) f size0) :: (region_sizes (tl ms) fs' all'))

(** val masks : layer list -> int -> bool list **)

let masks net i =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun j -> (nth j net no_layer).relus)
    i

(** val unit_error :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list ->
    (Big_int_Z.big_int list * Big_int_Z.big_int) -> Big_int_Z.big_int **)

let unit_error u grid0 ts c =
  Z.max Big_int_Z.zero_big_int
    (div_up (Z.add (Z.mul (snd c) u) (z_dot (fst c) ts)) grid0)

(** val noise_errors :
    Big_int_Z.big_int -> noise -> bool list -> fact list -> Big_int_Z.big_int
    list **)

let noise_errors u n0 ms fs =
  map (unit_error u n0.grid (region_sizes ms fs n0.sizes)) n0.error_rows

(** val lost_of :
    Big_int_Z.big_int -> layer list -> noise list -> int -> fact list ->
    Big_int_Z.big_int list **)

let lost_of u net noises0 i fs =
  match nth_error noises0 i with
  | Some n0 -> noise_errors u n0 (masks net i) fs
  | None -> []

type condition = { place : int; after_relu : bool;
                   terms : Big_int_Z.big_int list;
                   constant : Big_int_Z.big_int;
                   constant_den : Big_int_Z.big_int; strict : bool }

type row = Big_int_Z.big_int * Big_int_Z.big_int list

type claim = { network : layer list; inputs : int; domain : row list;
               strict_rows : row list; conditions : condition list;
               noises : noise list }

(** val change : int -> ('a1 -> 'a1) -> 'a1 list -> 'a1 list **)

let rec change i g l =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> match l with
              | [] -> []
              | a :: l' -> (g a) :: l')
    (fun i' -> match l with
               | [] -> []
               | a :: l' -> a :: (change i' g l'))
    i

(** val raise_low : Big_int_Z.big_int -> fact -> fact **)

let raise_low v f =
  ((Some (match fst f with
          | Some l -> Z.max l v
          | None -> v)), (snd f))

(** val lower_high : Big_int_Z.big_int -> fact -> fact **)

let lower_high v f =
  ((fst f), (Some (match snd f with
                   | Some h -> Z.min h v
                   | None -> v)))

(** val learn :
    int -> int -> bool -> Big_int_Z.big_int -> region -> region **)

let learn n0 i upper v kn =
  change n0 (change i (if upper then lower_high v else raise_low v)) kn

(** val single :
    int -> Big_int_Z.big_int list -> (int * Big_int_Z.big_int) option **)

let rec single j = function
| [] -> None
| e :: a' ->
  if Z.eqb e Big_int_Z.zero_big_int
  then single (Stdlib.Int.succ j) a'
  else if forallb (Z.eqb Big_int_Z.zero_big_int) a' then Some (j, e) else None

(** val box_row : Big_int_Z.big_int -> region -> row -> region **)

let box_row u kn r =
  match single 0 (snd r) with
  | Some p0 ->
    let (j, z0) = p0 in
    ((fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
       (fun _ -> kn)
       (fun p ->
       learn 0 j false (Z.div (Z.mul (Z.opp (fst r)) u) p) kn)
       (fun p ->
       learn 0 j true (Z.opp (Z.div (Z.mul (Z.opp (fst r)) u) p)) kn)
       z0)
  | None -> kn

(** val horizon : condition list -> int **)

let horizon cs =
  fold_right (fun c n0 ->
    Nat.max (if c.after_relu then c.place else pred c.place) n0) 0 cs

(** val reach : condition list -> int **)

let reach cs =
  fold_right (fun c n0 -> Nat.max c.place n0) 0 cs

(** val unknown : fact **)

let unknown =
  (None, None)

(** val nothing_known : claim -> region **)

let nothing_known c =
  (repeat unknown c.inputs) :: (map (fun i ->
                                 repeat unknown
                                   (width (nth i c.network no_layer)))
                                 (seq 0 (horizon c.conditions)))

(** val start : Big_int_Z.big_int -> claim -> region **)

let start u c =
  fold_left (box_row u) c.domain (nothing_known c)

type path_row =
| SplitRow of region * int * int * bool
   * (Big_int_Z.big_int list * Big_int_Z.big_int) option
| CutRow of int * Big_int_Z.big_int * bool

type path = path_row list

(** val top_of : int -> hint -> int **)

let top_of n0 h =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> 0)
    (fun _ -> fold_right (fun b top -> Nat.max (fst b) top) n0 h.betas)
    n0

(** val unit_back :
    Big_int_Z.big_int -> claim -> 'a1 kind -> region -> hint -> int -> int ->
    bool -> ('a1 list * 'a1) option **)

let unit_back u cl k kn h n0 i upper =
  let net = cl.network in
  let lost = lost_of u net cl.noises in
  carry_back k u net lost kn h (unit_function k n0 i upper) (top_of n0 h) []
    k.none

(** val split_row :
    Big_int_Z.big_int -> claim -> 'a1 kind -> region -> int -> int -> bool ->
    ('a1 list * 'a1) option **)

let split_row u cl k kn n0 i upper =
  match unit_back u cl k kn no_hint n0 i upper with
  | Some p -> let (a, b) = p in Some ((map k.opposite a), (k.opposite b))
  | None -> None

(** val cut_row :
    'a1 kind -> int -> Big_int_Z.big_int -> bool -> 'a1 list * 'a1 **)

let cut_row k j c above =
  ((app (repeat k.none j)
     ((k.whole
        (if above
         then Big_int_Z.unit_big_int
         else Big_int_Z.minus_big_int Big_int_Z.unit_big_int)) :: [])),
    (k.known (if above then Z.opp c else c)))

(** val row_at :
    'a1 kind -> (path_row -> ('a1 list * 'a1) option) -> row list -> path ->
    int -> ('a1 list * 'a1) option **)

let rec row_at k get rs p index =
  match rs with
  | [] -> (match nth_error p index with
           | Some r -> get r
           | None -> None)
  | r :: rs' ->
    ((fun fO fS n -> if n=0 then fO () else fS (n-1))
       (fun _ -> Some ((map k.whole (snd r)),
       (k.whole (fst r))))
       (fun index' -> row_at k get rs' p index')
       index)

(** val subtract_rows :
    claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1) option) -> path ->
    (int * Big_int_Z.big_int) list -> ('a1 list * 'a1) -> ('a1 list * 'a1)
    option **)

let rec subtract_rows cl k get p ms f =
  match ms with
  | [] -> Some f
  | p0 :: ms' ->
    let (index, m) = p0 in
    if Z.ltb m Big_int_Z.zero_big_int
    then None
    else (match row_at k get cl.domain p index with
          | Some p1 ->
            let (a, b) = p1 in
            subtract_rows cl k get p ms'
              ((add_lists k (fst f) (map (k.multiple (Z.opp m)) a)),
              (k.plus (snd f) (k.multiple (Z.opp m) b)))
          | None -> None)

(** val corner :
    'a1 kind -> 'a1 list -> fact list -> ('a1 * Big_int_Z.big_int) list option **)

let rec corner k cs fs =
  match cs with
  | [] -> Some []
  | c :: cs' ->
    (match k.sign c with
     | Eq -> corner k cs' (tl fs)
     | Lt ->
       (match fs with
        | [] -> None
        | f :: fs' ->
          let (_, o0) = f in
          (match o0 with
           | Some h -> option_map (fun x -> (c, h) :: x) (corner k cs' fs')
           | None -> None))
     | Gt ->
       (match fs with
        | [] -> None
        | f :: fs' ->
          let (o, _) = f in
          (match o with
           | Some l -> option_map (fun x -> (c, l) :: x) (corner k cs' fs')
           | None -> None)))

(** val least_over :
    claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1) option) -> region ->
    path -> hint -> ('a1 list * 'a1) -> 'a1 option option **)

let least_over cl k get kn p h f =
  let n0 = h.rows_den in
  (match subtract_rows cl k get p h.rows ((map (k.multiple n0) (fst f)),
           (k.multiple n0 (snd f))) with
   | Some p0 ->
     let (a, b) = p0 in
     Some (option_map (k.settle n0 b) (corner k a (nth 0 kn [])))
   | None -> None)

(** val unit_least :
    Big_int_Z.big_int -> claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1)
    option) -> region -> path -> hint -> int -> int -> bool ->
    Big_int_Z.big_int option option **)

let unit_least u cl k get kn p h n0 i upper =
  match unit_back u cl k kn h n0 i upper with
  | Some f -> option_map (option_map k.down) (least_over cl k get kn p h f)
  | None -> Some None

(** val part_of :
    'a1 kind -> condition -> Big_int_Z.big_int -> int -> bool -> 'a1 list **)

let part_of k c m n0 asked =
  if (&&) ((=) c.place n0) (eqb c.after_relu asked)
  then map (fun t -> k.whole (Z.opp (Z.mul m t))) c.terms
  else []

(** val minus_conditions :
    'a1 kind -> (condition * Big_int_Z.big_int) list -> 'a1 function0 **)

let minus_conditions k mu =
  { at_before = (fun n0 ->
    fold_right (fun cm s ->
      add_lists k (part_of k (fst cm) (snd cm) n0 false) s) [] mu);
    at_after = (fun n0 ->
    fold_right (fun cm s ->
      add_lists k (part_of k (fst cm) (snd cm) n0 true) s) [] mu) }

(** val minus_constants :
    'a1 kind -> (condition * Big_int_Z.big_int) list -> 'a1 **)

let minus_constants k mu =
  fold_right (fun cm s ->
    k.plus
      (k.ratio (Z.opp (Z.mul (snd cm) (fst cm).constant))
        (fst cm).constant_den) s) k.none mu

(** val refutes :
    Big_int_Z.big_int -> claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1)
    option) -> region -> path -> hint -> (condition * Big_int_Z.big_int) list
    -> bool option **)

let refutes u cl k get kn p h mu =
  let net = cl.network in
  let lost = lost_of u net cl.noises in
  (match carry_back k u net lost kn h (minus_conditions k mu)
           (reach cl.conditions) [] (minus_constants k mu) with
   | Some f ->
     (match least_over cl k get kn p h f with
      | Some o ->
        (match o with
         | Some v ->
           Some
             (match k.sign v with
              | Eq ->
                existsb (fun cm ->
                  (&&) (fst cm).strict (Z.ltb Big_int_Z.zero_big_int (snd cm)))
                  mu
              | Lt -> false
              | Gt -> true)
         | None -> Some false)
      | None -> None)
   | None -> Some false)

(** val fixed_row :
    Big_int_Z.big_int kind -> path_row -> (Big_int_Z.big_int
    list * Big_int_Z.big_int) option **)

let fixed_row fx = function
| SplitRow (_, _, _, _, f) -> f
| CutRow (j, c, above) -> Some (cut_row fx j c above)

(** val exact_row :
    Big_int_Z.big_int -> claim -> q kind -> path_row -> (q list * q) option **)

let exact_row u cl ex = function
| SplitRow (kn, n0, i, upper, _) -> split_row u cl ex kn n0 i upper
| CutRow (j, c, above) -> Some (cut_row ex j c above)

(** val bound_of :
    Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> region
    -> path -> bool -> hint -> int -> int -> bool -> Big_int_Z.big_int option
    option **)

let bound_of u cl fx ex kn p is_exact h n0 i upper =
  if is_exact
  then unit_least u cl ex (exact_row u cl ex) kn p h n0 i upper
  else unit_least u cl fx (fixed_row fx) kn p h n0 i upper

(** val refuted :
    Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> region
    -> path -> bool -> hint -> (condition * Big_int_Z.big_int) list -> bool
    option **)

let refuted u cl fx ex kn p is_exact h mu =
  if is_exact
  then refutes u cl ex (exact_row u cl ex) kn p h mu
  else refutes u cl fx (fixed_row fx) kn p h mu

type bound = { b_layer : int; b_unit : int; b_upper : bool; b_exact : 
               bool; b_hint : hint }

type tree =
| Open
| Relu of Big_int_Z.big_int * bound list list * int * int * tree * tree
| Cut of Big_int_Z.big_int * bound list list * int * Big_int_Z.big_int * 
   tree * tree
| No of Big_int_Z.big_int * bound list list * (int * Big_int_Z.big_int) list
   * bool * hint
| Zone of Big_int_Z.big_int * bound list list * int * bound list

type rule =
| Missing_row
| Missing_unit
| Missing_condition
| Missing_zone
| Not_refuted
| Not_in_zone

type verdict =
| Holds of Big_int_Z.big_int
| Broken of Big_int_Z.big_int * rule

(** val learn_group :
    Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> region
    -> path -> bound list -> region -> region option **)

let rec learn_group u cl fx ex kn p bs found =
  match bs with
  | [] -> Some found
  | b :: bs' ->
    (match bound_of u cl fx ex kn p b.b_exact b.b_hint b.b_layer b.b_unit
             b.b_upper with
     | Some o ->
       (match o with
        | Some v ->
          learn_group u cl fx ex kn p bs'
            (learn b.b_layer b.b_unit b.b_upper
              (if b.b_upper then Z.opp v else v) found)
        | None -> learn_group u cl fx ex kn p bs' found)
     | None -> None)

(** val learn_groups :
    Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> path ->
    bound list list -> region -> region option **)

let rec learn_groups u cl fx ex p groups kn =
  match groups with
  | [] -> Some kn
  | bs :: groups' ->
    (match learn_group u cl fx ex kn p bs kn with
     | Some kn' -> learn_groups u cl fx ex p groups' kn'
     | None -> None)

(** val contradictory : fact -> bool **)

let contradictory = function
| (o, o0) ->
  (match o with
   | Some l -> (match o0 with
                | Some h -> Z.ltb h l
                | None -> false)
   | None -> false)

(** val is_empty : region -> bool **)

let is_empty kn =
  existsb (existsb contradictory) kn

(** val chosen_conditions :
    claim -> (int * Big_int_Z.big_int) list ->
    (condition * Big_int_Z.big_int) list option **)

let rec chosen_conditions cl = function
| [] -> Some []
| p :: mu' ->
  let (j, m) = p in
  (match nth_error cl.conditions j with
   | Some c ->
     (match chosen_conditions cl mu' with
      | Some rest ->
        if Z.ltb m Big_int_Z.zero_big_int then None else Some ((c, m) :: rest)
      | None -> None)
   | None -> None)

(** val switch_facts : claim -> region -> int -> fact list **)

let switch_facts cl =
  let net = cl.network in
  let rec switch_facts0 kn n0 =
    (fun fO fS n -> if n=0 then fO () else fS (n-1))
      (fun _ -> [])
      (fun i ->
      app (switch_facts0 kn i)
        (chosen (nth i net no_layer).relus (nth (Stdlib.Int.succ i) kn [])))
      n0
  in switch_facts0

(** val phases_known : fact list -> bool list -> bool **)

let rec phases_known fs s =
  match fs with
  | [] -> (match s with
           | [] -> true
           | _ :: _ -> false)
  | f :: fs' ->
    (match s with
     | [] -> false
     | on :: s' ->
       (&&) (if on then is_on f else is_off f) (phases_known fs' s'))

(** val in_zone : claim -> region -> bool list -> bool **)

let in_zone cl kn s =
  (&&) (Nat.ltb (horizon cl.conditions) (length kn))
    (phases_known (switch_facts cl kn (horizon cl.conditions)) s)

(** val splittable : claim -> region -> int -> int -> bool **)

let splittable cl =
  let net = cl.network in
  (fun kn n0 i ->
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> false)
    (fun j ->
    (&&)
      ((&&) (nth i (nth j net no_layer).relus false) (Nat.ltb n0 (length kn)))
      (Nat.ltb i (length (nth n0 kn []))))
    n0)

(** val both : verdict -> verdict -> verdict **)

let both a b =
  match a with
  | Holds m ->
    (match b with
     | Holds n0 -> Holds (N.add m n0)
     | Broken (_, _) -> b)
  | Broken (_, _) -> a

(** val check :
    Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> bool
    list list -> region -> path -> tree -> verdict **)

let rec check u cl fx ex zones kn p = function
| Open -> Holds Big_int_Z.unit_big_int
| Relu (number, bounds, n0, i, off, on) ->
  (match learn_groups u cl fx ex p bounds kn with
   | Some kn0 ->
     if splittable cl kn0 n0 i
     then let side = fun upper ->
            app p ((SplitRow (kn0, n0, i, upper,
              (split_row u cl fx kn0 n0 i upper))) :: [])
          in
          (match check u cl fx ex zones
                   (learn n0 i true Big_int_Z.zero_big_int kn0) (side false)
                   off with
           | Holds m ->
             both (Holds m)
               (check u cl fx ex zones
                 (learn n0 i false Big_int_Z.zero_big_int kn0) (side true) on)
           | Broken (number0, why) -> Broken (number0, why))
     else Broken (number, Missing_unit)
   | None -> Broken (number, Missing_row))
| Cut (number, bounds, j, c, below0, above) ->
  (match learn_groups u cl fx ex p bounds kn with
   | Some kn0 ->
     if Nat.ltb j cl.inputs
     then (match check u cl fx ex zones (learn 0 j true c kn0)
                   (app p ((CutRow (j, c, false)) :: [])) below0 with
           | Holds m ->
             both (Holds m)
               (check u cl fx ex zones (learn 0 j false c kn0)
                 (app p ((CutRow (j, c, true)) :: [])) above)
           | Broken (number0, why) -> Broken (number0, why))
     else Broken (number, Missing_unit)
   | None -> Broken (number, Missing_row))
| No (number, bounds, mu, is_exact, h) ->
  (match learn_groups u cl fx ex p bounds kn with
   | Some kn0 ->
     (match chosen_conditions cl mu with
      | Some mu0 ->
        (match refuted u cl fx ex kn0 p is_exact h mu0 with
         | Some proved ->
           if (||) proved (is_empty kn0)
           then Holds Big_int_Z.zero_big_int
           else Broken (number, Not_refuted)
         | None -> Broken (number, Missing_row))
      | None -> Broken (number, Missing_condition))
   | None -> Broken (number, Missing_row))
| Zone (number, bounds, j, also) ->
  (match learn_groups u cl fx ex p bounds kn with
   | Some kn0 ->
     (match nth_error zones j with
      | Some s ->
        (match learn_group u cl fx ex kn0 p also kn0 with
         | Some kn1 ->
           if in_zone cl kn1 s
           then Holds Big_int_Z.zero_big_int
           else Broken (number, Not_in_zone)
         | None -> Broken (number, Missing_row))
      | None -> Broken (number, Missing_zone))
   | None -> Broken (number, Missing_row))

(** val packs_of : Big_int_Z.big_int -> layer list -> packed list **)

let packs_of u net =
  map
    (pack
      (Z.add (Z.log2 u) (Big_int_Z.mult_int_big_int 2
        (Big_int_Z.mult_int_big_int 2 (Big_int_Z.mult_int_big_int 2
        ((fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        Big_int_Z.unit_big_int)))))) net

(** val check_with :
    Big_int_Z.big_int -> claim -> bool list list -> packed list -> tree ->
    verdict **)

let check_with u cl zones packs t =
  check u cl (fixed u (exponent u) packs) (exact u packs) zones (start u cl)
    [] t

(** val check_case :
    Big_int_Z.big_int -> claim -> bool list list -> tree -> verdict **)

let check_case u cl zones t =
  check_with u cl zones (packs_of u cl.network) t

(** val q_dot : Big_int_Z.big_int list -> q list -> q **)

let q_dot ws a =
  let d = common a in reduced (z_dot ws (map (over d) a)) (Z.to_pos d)

(** val q_pre : layer -> q list -> q list **)

let q_pre l a =
  let d = common a in
  let ns = map (over d) a in
  map (fun wb ->
    q_plus
      (reduced (z_dot (fst wb) ns) (Coq_Pos.mul (Z.to_pos d) l.weight_den))
      (reduced (snd wb) l.bias_den)) (combine l.weights l.biases)

(** val q_relu : q -> q **)

let q_relu z0 =
  if Z.leb z0.qnum Big_int_Z.zero_big_int
  then { qnum = Big_int_Z.zero_big_int; qden = Big_int_Z.unit_big_int }
  else z0

(** val q_activate : bool list -> q list -> q list **)

let rec q_activate ms zs =
  match ms with
  | [] -> []
  | m :: ms' ->
    (match zs with
     | [] -> []
     | z0 :: zs' -> (if m then q_relu z0 else z0) :: (q_activate ms' zs'))

(** val q_after : layer list -> int -> q list -> q list **)

let rec q_after net n0 x =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> x)
    (fun i ->
    let l = nth i net no_layer in
    q_activate l.relus (q_pre l (q_after net i x)))
    n0

(** val q_before : layer list -> int -> q list -> q list **)

let q_before net n0 x =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> x)
    (fun i -> q_pre (nth i net no_layer) (q_after net i x))
    n0

(** val q_switches : layer list -> int -> q list -> q list **)

let rec q_switches net n0 x =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun i ->
    app (q_switches net i x)
      (chosen (nth i net no_layer).relus (q_before net (Stdlib.Int.succ i) x)))
    n0

(** val q_row_ok : row -> q list -> bool **)

let q_row_ok r x =
  Z.leb Big_int_Z.zero_big_int
    (q_plus { qnum = (fst r); qden = Big_int_Z.unit_big_int }
      (q_dot (snd r) x)).qnum

(** val q_row_strict : row -> q list -> bool **)

let q_row_strict r x =
  Z.ltb Big_int_Z.zero_big_int
    (q_plus { qnum = (fst r); qden = Big_int_Z.unit_big_int }
      (q_dot (snd r) x)).qnum

(** val q_holds : layer list -> condition -> q list -> bool **)

let q_holds net c x =
  let v =
    (q_plus
      (q_dot c.terms
        (if c.after_relu
         then q_after net c.place x
         else q_before net c.place x)) (reduced c.constant c.constant_den)).qnum
  in
  if c.strict
  then Z.ltb Big_int_Z.zero_big_int v
  else Z.leb Big_int_Z.zero_big_int v

(** val fires_at : claim -> q list -> bool **)

let fires_at cl x =
  (&&)
    ((&&)
      ((&&) ((=) (length x) cl.inputs)
        (forallb (fun r -> q_row_ok r x) cl.domain))
      (forallb (fun r -> q_row_strict r x) cl.strict_rows))
    (forallb (fun c -> q_holds cl.network c x) cl.conditions)

(** val q_agree : q -> bool -> bool **)

let q_agree z0 = function
| true -> Z.leb Big_int_Z.zero_big_int z0.qnum
| false -> Z.leb z0.qnum Big_int_Z.zero_big_int

(** val agree_all : q list -> bool list -> bool **)

let rec agree_all zs s =
  match zs with
  | [] -> (match s with
           | [] -> true
           | _ :: _ -> false)
  | z0 :: zs' ->
    (match s with
     | [] -> false
     | on :: s' -> (&&) (q_agree z0 on) (agree_all zs' s'))

(** val witness_of : claim -> bool list -> q list -> bool **)

let witness_of cl s x =
  (&&) (fires_at cl x)
    (agree_all (q_switches cl.network (horizon cl.conditions) x) s)

type rounding = { magnitudes : layer; relative : q list; flushed : q list;
                  peak : q }

(** val relative_error :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int -> q option **)

let relative_error p s products sums =
  let n0 = Z.add (Z.mul products s) (Z.mul sums p) in
  if (&&) (Z.leb Big_int_Z.zero_big_int n0)
       (Z.leb
         (Z.mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) n0)
         (Coq_Pos.mul p s))
  then Some { qnum = n0; qden = (Z.to_pos (Z.sub (Coq_Pos.mul p s) n0)) }
  else None

type unit_rounding = (Big_int_Z.big_int list * Big_int_Z.big_int) * (q * q)

(** val units_of : rounding -> unit_rounding list **)

let units_of rd =
  combine (combine rd.magnitudes.weights rd.magnitudes.biases)
    (combine rd.relative rd.flushed)

(** val error_row :
    Big_int_Z.big_int -> layer -> unit_rounding -> Big_int_Z.big_int
    list * Big_int_Z.big_int **)

let error_row grid0 m = function
| (p, p0) ->
  let (ws, b) = p in
  let (g, f) = p0 in
  ((map (fun w ->
     div_up (Z.mul (Z.mul g.qnum w) grid0) (Coq_Pos.mul g.qden m.weight_den))
     ws),
  (div_up
    (Z.mul
      (Z.add (Z.mul (Z.mul g.qnum b) f.qden)
        (Z.mul (Z.mul f.qnum g.qden) m.bias_den)) grid0)
    (Coq_Pos.mul (Coq_Pos.mul g.qden m.bias_den) f.qden)))

(** val unit_size :
    Big_int_Z.big_int -> layer -> Big_int_Z.big_int list -> unit_rounding ->
    Big_int_Z.big_int **)

let unit_size u m ts = function
| (p, p0) ->
  let (ws, b) = p in
  let (g, f) = p0 in
  div_up
    (Z.add
      (Z.mul
        (Z.mul (Z.add g.qden g.qnum)
          (Z.add (Z.mul (z_dot ws ts) m.bias_den)
            (Z.mul (Z.mul b u) m.weight_den))) f.qden)
      (Z.mul (Z.mul (Z.mul (Z.mul f.qnum u) g.qden) m.weight_den) m.bias_den))
    (Coq_Pos.mul (Coq_Pos.mul (Coq_Pos.mul g.qden m.weight_den) m.bias_den)
      f.qden)

(** val covers :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list ->
    Big_int_Z.big_int list -> bool **)

let rec covers d e ws ms =
  match ws with
  | [] -> (match ms with
           | [] -> true
           | _ :: _ -> false)
  | w :: ws' ->
    (match ms with
     | [] -> false
     | m :: ms' ->
       (&&) (Z.leb (Z.mul (Z.abs w) e) (Z.mul m d)) (covers d e ws' ms'))

(** val unit_fits :
    layer -> layer -> (Big_int_Z.big_int list * Big_int_Z.big_int) ->
    unit_rounding -> bool **)

let unit_fits l m wb ur =
  (&&)
    ((&&)
      ((&&) (covers l.weight_den m.weight_den (fst wb) (fst (fst ur)))
        (Z.leb (Z.mul (Z.abs (snd wb)) m.bias_den)
          (Z.mul (snd (fst ur)) l.bias_den)))
      (Z.leb Big_int_Z.zero_big_int (fst (snd ur)).qnum))
    (Z.leb Big_int_Z.zero_big_int (snd (snd ur)).qnum)

(** val all_fit :
    layer -> layer -> (Big_int_Z.big_int list * Big_int_Z.big_int) list ->
    unit_rounding list -> bool **)

let rec all_fit l m wbs urs =
  match wbs with
  | [] -> (match urs with
           | [] -> true
           | _ :: _ -> false)
  | wb :: wbs' ->
    (match urs with
     | [] -> false
     | ur :: urs' -> (&&) (unit_fits l m wb ur) (all_fit l m wbs' urs'))

(** val fits : layer -> rounding -> bool **)

let fits l rd =
  (&&) ((=) (length l.relus) (width l))
    (all_fit l rd.magnitudes (combine l.weights l.biases) (units_of rd))

(** val noises_of :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> layer list
    -> rounding list -> Big_int_Z.big_int list -> noise list option **)

let rec noises_of u grid0 largest0 net rds ts =
  match net with
  | [] -> (match rds with
           | [] -> Some []
           | _ :: _ -> None)
  | l :: net' ->
    (match rds with
     | [] -> None
     | rd :: rds' ->
       let next = map (unit_size u rd.magnitudes ts) (units_of rd) in
       if (&&) (fits l rd)
            (forallb (fun s ->
              Z.ltb (Z.mul s rd.peak.qnum)
                (Z.mul (Z.mul largest0 u) rd.peak.qden)) next)
       then option_map (fun x -> { grid = grid0; error_rows =
              (map (error_row grid0 rd.magnitudes) (units_of rd)); sizes =
              ts } :: x) (noises_of u grid0 largest0 net' rds' next)
       else None)

(** val input_sizes : fact list -> Big_int_Z.big_int list option **)

let rec input_sizes = function
| [] -> Some []
| f :: fs' ->
  let (o, o0) = f in
  (match o with
   | Some l ->
     (match o0 with
      | Some h ->
        option_map (fun x -> (Z.max (Z.abs l) (Z.abs h)) :: x)
          (input_sizes fs')
      | None -> None)
   | None -> None)

(** val deploy :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> rounding
    list -> claim -> claim option **)

let deploy u grid0 largest0 rds cl =
  match input_sizes (nth 0 (start u cl) []) with
  | Some ts ->
    option_map (fun x -> { network = cl.network; inputs = cl.inputs; domain =
      cl.domain; strict_rows = cl.strict_rows; conditions = cl.conditions;
      noises = x }) (noises_of u grid0 largest0 cl.network rds ts)
  | None -> None

type format = { precision : Big_int_Z.big_int;
                least_exponent : Big_int_Z.big_int;
                greatest : Big_int_Z.big_int }

(** val odd_part : Big_int_Z.big_int -> Big_int_Z.big_int **)

let rec odd_part p =
  (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
    (fun _ -> p)
    (fun p' -> odd_part p')
    (fun _ -> p)
    p

(** val float_number : format -> q -> bool **)

let float_number f q0 =
  let k = Z.log2 q0.qden in
  (&&)
    ((&&)
      ((&&)
        ((&&) (Z.ltb Big_int_Z.zero_big_int f.precision)
          (Z.eqb (Z.shiftl Big_int_Z.unit_big_int k) q0.qden))
        (Z.leb k
          (Z.sub (Z.sub f.precision Big_int_Z.unit_big_int) f.least_exponent)))
      (Z.leb (Z.abs q0.qnum) (Z.mul f.greatest q0.qden)))
    ((fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
       (fun _ -> true)
       (fun n0 ->
       Z.ltb (odd_part n0) (Z.shiftl Big_int_Z.unit_big_int f.precision))
       (fun _ -> true)
       (Z.abs q0.qnum))

(** val pinned : q list -> row list **)

let pinned x =
  concat
    (map (fun jq -> ((Z.opp (snd jq).qnum),
      (app (repeat Big_int_Z.zero_big_int (fst jq)) ((snd jq).qden :: []))) :: ((
      (snd jq).qnum,
      (app (repeat Big_int_Z.zero_big_int (fst jq))
        ((Z.opp (snd jq).qden) :: []))) :: []))
      (combine (seq 0 (length x)) x))

(** val contrary : condition -> condition **)

let contrary c =
  { place = c.place; after_relu = c.after_relu; terms = (map Z.opp c.terms);
    constant = (Z.opp c.constant); constant_den = c.constant_den; strict =
    (negb c.strict) }

(** val all_bounds : layer list -> int -> bound list list **)

let all_bounds net depth =
  map (fun i ->
    concat
      (map (fun j -> { b_layer = (Stdlib.Int.succ i); b_unit = j; b_upper =
        false; b_exact = false; b_hint = no_hint } :: ({ b_layer =
        (Stdlib.Int.succ i); b_unit = j; b_upper = true; b_exact = false;
        b_hint = no_hint } :: [])) (seq 0 (width (nth i net no_layer)))))
    (seq 0 depth)

(** val never_fails :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> rounding
    list -> claim -> q list -> condition -> bool **)

let never_fails u grid0 largest0 rds cl x c =
  match deploy u grid0 largest0 rds { network = cl.network; inputs =
          cl.inputs; domain = (pinned x); strict_rows = []; conditions =
          ((contrary c) :: []); noises = [] } with
  | Some cl' ->
    (match check_case u cl' [] (No (Big_int_Z.zero_big_int,
             (all_bounds cl.network (horizon (c :: []))), ((0,
             Big_int_Z.unit_big_int) :: []), false, no_hint)) with
     | Holds open_leaves ->
       ((fun fO fp n -> if Big_int_Z.sign_big_int n <= 0 then fO () else fp n)
          (fun _ -> true)
          (fun _ -> false)
          open_leaves)
     | Broken (_, _) -> false)
  | None -> false

(** val fires_always :
    Big_int_Z.big_int -> Big_int_Z.big_int -> format -> rounding list ->
    claim -> q list -> bool **)

let fires_always u grid0 f rds cl x =
  (&&)
    ((&&)
      ((&&)
        ((&&) ((=) (length x) cl.inputs)
          (forallb (fun r -> q_row_ok r x) cl.domain))
        (forallb (fun r -> q_row_strict r x) cl.strict_rows))
      (forallb (float_number f) x))
    (forallb (never_fails u grid0 f.greatest rds cl x) cl.conditions)
