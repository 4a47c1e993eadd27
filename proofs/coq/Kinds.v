(** The two kinds of numbers that the checker counts with: integers that mean v / 2^bits and round down ([fixed]), and rational
    numbers that do not round ([exact]).  [sound] says what the proofs need to know of either. *)
From Coq Require Import List ZArith QArith Ring Lia Bool.
From Exactzones Require Import Numbers Network.
Import ListNotations.
Local Open Scope Z_scope.

(** What is known of a value that comes out of a layer: that it is zero, so that its coefficient does not matter; else perhaps a lower bound <= 0. *)
Inductive below := Idle | Above (b : option Z).

Record kind (num : Type) := Kind {
  none : num;
  plus : num -> num -> num;
  opposite : num -> num;
  sign : num -> comparison;
  least : num -> num -> num;
  whole : Z -> num;                                             (* an integer *)
  known : Z -> num;                                             (* v / 2^bits *)
  ratio : Z -> positive -> num;                                 (* a rational number, rounded down *)
  multiple : Z -> num -> num;                                   (* an integer times a number *)
  times : num -> num -> num;                                    (* rounded down *)
  chord : num -> Z -> Z -> num;                                 (* c u / (u - l), about *)
  slope : num -> Z -> num;                                      (* c a / 2^8, about *)
  (* p . (W a + b) of a layer: coefficients of a, the constant, and times 2^-bits what was cut off may cost *)
  affine : nat -> list below -> list num -> list num * num * option Z;
  settle : positive -> num -> list (num * Z) -> num;            (* (c + sum of e v / 2^bits) / n, rounded down *)
  down : num -> Z                                               (* as a multiple of 2^-bits *)
}.
Arguments none {_}. Arguments plus {_}. Arguments opposite {_}. Arguments sign {_}. Arguments least {_}. Arguments whole {_}.
Arguments known {_}. Arguments ratio {_}. Arguments multiple {_}. Arguments times {_}. Arguments chord {_}. Arguments slope {_}.
Arguments affine {_}. Arguments settle {_}. Arguments down {_}.

(** Division, rounded down; a shift where the divisor is a power of two. *)
Definition exponent (d : positive) : option Z := let s := Z.log2 (Zpos d) in if Z.shiftl 1 s =? Zpos d then Some s else None.
Definition div_by (d : positive) (e : option Z) (v : Z) : Z := match e with Some s => Z.shiftr v s | None => v / Zpos d end.
Definition mul_by (d : positive) (e : option Z) (v : Z) : Z := match e with Some s => Z.shiftl v s | None => v * Zpos d end.
Definition two_24 : positive := 16777216.
Definition exponent_24 : option Z := exponent two_24.

Lemma div_by_ok d v : div_by d (exponent d) v = v / Zpos d.
Proof.
  unfold exponent. destruct (Z.eqb_spec (Z.shiftl 1 (Z.log2 (Zpos d))) (Zpos d)) as [E|]; [|reflexivity]. cbn [div_by].
  rewrite Z.shiftr_div_pow2, <- Z.shiftl_1_l, E by apply Z.log2_nonneg. reflexivity.
Qed.
Lemma mul_by_ok d v : mul_by d (exponent d) v = v * Zpos d.
Proof.
  unfold exponent. destruct (Z.eqb_spec (Z.shiftl 1 (Z.log2 (Zpos d))) (Zpos d)) as [E|]; [|reflexivity]. cbn [mul_by].
  rewrite Z.shiftl_mul_pow2, <- Z.shiftl_1_l, E by apply Z.log2_nonneg. reflexivity.
Qed.

(** Sums of rows. *)
Fixpoint add_row (k : Z) (ws acc : list Z) : list Z :=
  match ws, acc with
  | w :: ws', a :: acc' => (a + k * w) :: add_row k ws' acc'
  | [], _ => acc
  | _, [] => map (Z.mul k) ws
  end.
Fixpoint sum_rows (ps : list Z) (wbs : list (list Z * Z)) (acc : list Z) (b : Z) : list Z * Z :=
  match ps, wbs with
  | p :: ps', (ws, bias) :: wbs' =>
      if p =? 0 then sum_rows ps' wbs' acc b else sum_rows ps' wbs' (add_row p ws acc) (b + p * bias)
  | _, _ => (acc, b)
  end.

(** For speed: the rows of a layer as the digits, in base 2^digit, of one long integer each; their sums are read off digit by digit. *)
Record packed := Packed {
  unpacked : layer; den_exponent : option Z; digit : Z; half : Z; halves : Z; columns : nat; largest : Z; long_rows : list (Z * Z) }.

Fixpoint long (digit : Z) (ws : list Z) : Z := match ws with [] => 0 | w :: ws' => w + Z.shiftl (long digit ws') digit end.
Definition bits (v from size : Z) : Z := Z.shiftr v from mod Z.shiftl 1 size.
Fixpoint digits (n : nat) (floors : list below) (digit half from v : Z) : list Z :=
  match n, floors with
  | S n', f :: floors' =>
      (match f with Idle => 0 | Above _ => bits v from digit - half end) :: digits n' floors' digit half (from + digit) v
  | _, _ => []
  end.
Definition pack (room : Z) (l : layer) : packed :=
  let wbs := combine (weights l) (biases l) in
  let most := fold_right (fun wb m => fold_right (fun w m => Z.max (Z.abs w) m) m (fst wb)) 1 wbs in
  let digit := Z.log2 most + room in
  let columns := fold_right (fun wb n => Nat.max (length (fst wb)) n) O wbs in
  let half := Z.shiftl 1 (digit - 1) in
  Packed l (exponent (weight_den l)) digit half (long digit (repeat half columns)) columns most
    (map (fun wb => (long digit (fst wb), snd wb)) wbs).

Fixpoint sum_long (ps : list Z) (rows : list (Z * Z)) (acc size b : Z) : Z * Z * Z :=
  match ps, rows with
  | p :: ps', (row, bias) :: rows' =>
      if p =? 0 then sum_long ps' rows' acc size b else sum_long ps' rows' (acc + p * row) (size + Z.abs p) (b + p * bias)
  | _, _ => (acc, size, b)
  end.
(** Sums of few rows are added up entry by entry. *)
Fixpoint few (n : nat) (ps : list Z) : bool :=
  match ps with
  | [] => true
  | p :: ps' => if p =? 0 then few n ps' else match n with O => false | S n' => few n' ps' end
  end.
Definition row_sum (pk : packed) (floors : list below) (ps : list Z) : list Z * Z :=
  if few 2 ps then sum_rows ps (combine (weights (unpacked pk)) (biases (unpacked pk))) [] 0 else
  let '(v, size, b) := sum_long ps (long_rows pk) 0 0 0 in
  if size * largest pk <? half pk then (digits (columns pk) floors (digit pk) (half pk) 0 (v + halves pk), b)
  else sum_rows ps (combine (weights (unpacked pk)) (biases (unpacked pk))) [] 0.

(** ** Integers that mean v / u; u is 2^bits *)
Section Fixed.
Variable u : positive.
Variable e : option Z.                                          (* the exponent of u *)
Variable packs : list packed.
Definition no_pack : packed := Packed no_layer (exponent 1) 1 1 0 0 1 [].

(** Coefficients rounded down, and what that may cost: the lower bounds of the values of those that were not whole. *)
Fixpoint cut_all (d : positive) (e : option Z) (cs : list Z) (floors : list below) : list Z * option Z :=
  match cs, floors with
  | c :: cs', f :: floors' =>
      let '(qs, t) := cut_all d e cs' floors' in
      match f with
      | Idle => (0 :: qs, t)
      | Above b =>
          let q := div_by d e c in
          (q :: qs,
           if match b with Some b => b =? 0 | None => false end then t
           else if mul_by d e q =? c then t
           else match b, t with Some b, Some t => Some (b + t) | _, _ => None end)
      end
  | _, _ => ([], Some 0)
  end.
Definition fixed_affine (i : nat) (floors : list below) (ps : list Z) : list Z * Z * option Z :=
  let pk := nth i packs no_pack in
  let l := unpacked pk in
  let '(cs, b) := row_sum pk floors ps in
  let '(qs, t) := cut_all (weight_den l) (den_exponent pk) cs floors in
  (qs, b / Zpos (bias_den l), t).
Definition fixed_times (a b : Z) : Z := div_by u e (a * b).

Definition fixed : kind Z := {|
  none := 0;
  plus := Z.add;
  opposite := Z.opp;
  sign := fun a => Z.compare a 0;
  least := Z.min;
  whole := fun v => v * Zpos u;
  known := fun v => v;
  ratio := fun n d => n * Zpos u / Zpos d;
  multiple := Z.mul;
  times := fixed_times;
  chord := fun c low high => div_by two_24 exponent_24 (c * (mul_by two_24 exponent_24 high / (high - low)));
  slope := fun c a => Z.shiftr (c * a) 8;
  affine := fixed_affine;
  settle := fun n c terms =>
    (c * Zpos u + fold_right (fun t s => fst t * snd t + s) 0 terms) / (Zpos u * Zpos n);
  down := fun v => v
|}.
End Fixed.

(** ** Rational numbers *)
Definition reduced (n : Z) (d : positive) : Q := let g := Z.gcd n (Zpos d) in Qmake (n / g) (Z.to_pos (Zpos d / g)).
Definition q_plus (a b : Q) : Q :=
  if (Zpos (Qden a) =? Zpos (Qden b)) then reduced (Qnum a + Qnum b) (Qden a)
  else reduced (Qnum a * Zpos (Qden b) + Qnum b * Zpos (Qden a)) (Qden a * Qden b).
Definition q_times (a b : Q) : Q := reduced (Qnum a * Qnum b) (Qden a * Qden b).
Definition q_opposite (a : Q) : Q := Qmake (- Qnum a) (Qden a).
Definition q_multiple (k : Z) (a : Q) : Q := reduced (k * Qnum a) (Qden a).

(** Numbers over a common denominator. *)
Definition common (ps : list Q) : Z := fold_right (fun p d => Z.lcm (Zpos (Qden p)) d) 1 ps.
Definition over (d : Z) (p : Q) : Z := Qnum p * (d / Zpos (Qden p)).

Section Exact.
Variable u : positive.
Variable packs : list packed.

Definition exact_affine (i : nat) (floors : list below) (ps : list Q) : list Q * Q * option Z :=
  let pk := nth i packs no_pack in
  let l := unpacked pk in
  let d := common ps in
  let '(cs, b) := row_sum pk floors (map (over d) ps) in
  (map (fun c => reduced c (Z.to_pos d * weight_den l)) cs, reduced b (Z.to_pos d * bias_den l), Some 0).

Definition exact : kind Q := {|
  none := Qmake 0 1;
  plus := q_plus;
  opposite := q_opposite;
  sign := fun a => Z.compare (Qnum a) 0;
  least := fun a b => if Qnum a * Zpos (Qden b) <=? Qnum b * Zpos (Qden a) then a else b;
  whole := fun v => Qmake v 1;
  known := fun v => reduced v u;
  ratio := fun n d => reduced n d;
  multiple := q_multiple;
  times := q_times;
  chord := fun c low high => match high - low with Zpos d => q_times c (reduced high d) | _ => c end;
  slope := fun c a => q_times c (reduced a 256);
  affine := exact_affine;
  settle := fun n c terms =>
    q_times (fold_right (fun t s => q_plus (q_times (fst t) (reduced (snd t) u)) s) c terms) (Qmake 1 n);
  down := fun a => Qnum a * Zpos u / Zpos (Qden a)
|}.
End Exact.

(** ** What they mean *)
(** ** Digits *)
Section Digits.
Variable base : Z.
Hypothesis base_positive : 0 < base.
Let h := Z.shiftl 1 (base - 1).

Lemma h_ok : 2 ^ base = 2 * h.
Proof. unfold h. rewrite Z.shiftl_1_l. rewrite <- Z.pow_succ_r by lia. f_equal. lia. Qed.

Lemma long_app_zeros ws n : long base (ws ++ repeat 0 n) = long base ws.
Proof.
  assert (Z0 : long base (repeat 0 n) = 0) by (induction n as [|n IH]; cbn [repeat long]; [|rewrite IH, Z.shiftl_0_l]; reflexivity).
  induction ws as [|w ws IH]; cbn [app long]; [exact Z0 | rewrite IH; reflexivity].
Qed.
Lemma long_shifted c ws : long base (map (Z.add c) ws) = long base ws + long base (repeat c (length ws)).
Proof. induction ws as [|w ws IH]; cbn [map length repeat long]; [reflexivity|]. rewrite IH, !Z.shiftl_mul_pow2 by lia. ring. Qed.

Fixpoint wanted (floors : list below) (ws : list Z) : list Z :=
  match floors, ws with
  | f :: floors', w :: ws' => match f with Idle => 0 | Above _ => w end :: wanted floors' ws'
  | _, _ => []
  end.

Lemma digits_long ws floors from p :
  0 <= from -> 0 <= p < 2 ^ from -> Forall (fun w => Z.abs w < h) ws ->
  digits (length ws) floors base h from (p + Z.shiftl (long base (map (Z.add h) ws)) from) = wanted floors ws.
Proof.
  pose proof h_ok as H. intros From P W. revert floors from p From P; induction W as [|w ws Hw W IH]; intros [|f floors] from p From P;
    cbn [length digits wanted map long]; try reflexivity.
  assert (E : bits (p + Z.shiftl (h + w + Z.shiftl (long base (map (Z.add h) ws)) base) from) from base = h + w).
  { unfold bits. rewrite Z.shiftl_1_l, !Z.shiftl_mul_pow2, Z.shiftr_div_pow2 by lia.
    rewrite Z.div_add, (Z.div_small p) by lia. rewrite Z.add_0_l, Z.mod_add by lia. apply Z.mod_small. lia. }
  rewrite E. f_equal; [destruct f; lia|].
  replace (p + Z.shiftl (h + w + Z.shiftl (long base (map (Z.add h) ws)) base) from)
    with ((p + (h + w) * 2 ^ from) + Z.shiftl (long base (map (Z.add h) ws)) (from + base)).
  - apply IH; [lia|]. rewrite Z.pow_add_r by lia. nia.
  - rewrite !Z.shiftl_mul_pow2, Z.pow_add_r by lia. ring.
Qed.

Lemma long_add_row k ws acc : long base (add_row k ws acc) = long base acc + k * long base ws.
Proof.
  assert (M : forall ws, long base (map (Z.mul k) ws) = k * long base ws).
  { clear ws acc. induction ws as [|w ws IH]; cbn [map long]; [ring|]. rewrite IH, !Z.shiftl_mul_pow2 by lia. ring. }
  revert acc; induction ws as [|w ws IH]; intros [|a acc]; cbn [add_row]; rewrite ?M; cbn [long]; try ring.
  rewrite IH, !Z.shiftl_mul_pow2 by lia. ring.
Qed.

Definition within (m : Z) (ws : list Z) : Prop := Forall (fun w => Z.abs w <= m) ws.
Lemma within_add_row k ws acc m s : 0 <= m -> 0 <= s -> within m ws -> within (s * m) acc -> within ((s + Z.abs k) * m) (add_row k ws acc).
Proof.
  intros M S0 W; rewrite Z.mul_add_distr_r.
  assert (K : forall w, Z.abs w <= m -> Z.abs (k * w) <= Z.abs k * m).
  { intros w Hw. rewrite Z.abs_mul. apply Z.mul_le_mono_nonneg_l; [lia | exact Hw]. }
  assert (P : 0 <= s * m /\ 0 <= Z.abs k * m) by (split; apply Z.mul_nonneg_nonneg; lia). destruct P.
  revert acc; induction W as [|w ws Hw W IH]; intros acc A; cbn [add_row].
  - apply Forall_impl with (2 := A). intros; lia.
  - destruct A as [|a acc Ha A].
    + cbn [map]. constructor; [specialize (K w Hw); lia|]. apply Forall_map. apply Forall_impl with (2 := W).
      intros v Hv. specialize (K v Hv). lia.
    + constructor; [specialize (K w Hw); lia | apply IH, A].
Qed.
Lemma length_add_row k ws acc : length (add_row k ws acc) = Nat.max (length ws) (length acc).
Proof. revert acc; induction ws as [|w ws IH]; intros [|a acc]; cbn [add_row]; rewrite ?map_length; cbn [length]; rewrite ?IH; lia. Qed.

Lemma sum_long_ok ps wbs n m acc s b v size c :
  0 <= m -> 0 <= s -> Forall (fun wb => within m (fst wb) /\ (length (fst wb) <= n)%nat) wbs -> within (s * m) acc -> (length acc <= n)%nat ->
  sum_long ps (map (fun wb => (long base (fst wb), snd wb)) wbs) (long base acc) s b = (v, size, c) ->
  let '(cs, d) := sum_rows ps wbs acc b in
  v = long base cs /\ c = d /\ within (size * m) cs /\ (length cs <= n)%nat.
Proof.
  intros M S0 W; revert ps acc s b S0; induction W as [|[ws bias] wbs [Hw Hn] W IH]; intros [|p ps] acc s b S0 A L E;
    cbn [map sum_long sum_rows fst snd] in *; try (injection E as <- <- <-; auto).
  destruct (p =? 0); [exact (IH _ _ _ _ S0 A L E)|].
  rewrite <- long_add_row in E. refine (IH _ _ _ _ _ _ _ E).
  - lia.
  - apply within_add_row; auto.
  - rewrite length_add_row. lia.
Qed.
End Digits.

Lemma pack_within room l :
  Forall (fun wb => within (largest (pack room l)) (fst wb) /\ (length (fst wb) <= columns (pack room l))%nat) (combine (weights l) (biases l)) /\
  1 <= largest (pack room l).
Proof.
  cbn [pack largest columns]. induction (combine (weights l) (biases l)) as [|wb wbs [IH One]]; cbn [fold_right]; [split; [constructor | lia]|].
  set (m := fold_right (fun wb m => fold_right (fun w m => Z.max (Z.abs w) m) m (fst wb)) 1 wbs) in *.
  assert (R : forall ws, m <= fold_right (fun w m => Z.max (Z.abs w) m) m ws /\ within (fold_right (fun w m => Z.max (Z.abs w) m) m ws) ws).
  { induction ws as [|w ws [I1 I2]]; cbn [fold_right]; [split; [lia | constructor]|]. split; [lia|]. constructor; [lia|].
    apply Forall_impl with (2 := I2). intros v Hv. lia. }
  destruct (R (fst wb)) as [R1 R2]. split; [|lia]. constructor; [split; [exact R2 | lia]|].
  apply Forall_impl with (2 := IH). intros v [V1 V2]. split; [|lia]. apply Forall_impl with (2 := V1). intros w Hw. lia.
Qed.

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Variable u : positive.
Variable net : list layer.

(** A bound v stands for v / 2^bits. *)
Definition bound_value (v : Z) : F := of_Z v * part u.
Definition floor_ok (f : below) (v : F) : Prop :=
  match f with Idle => v = 0 | Above (Some b) => bound_value b <= v /\ (b <= 0)%Z | Above None => True end.

Record sound {num : Type} (k : kind num) (val : num -> F) : Prop := Sound {
  none_ok : val (none k) = 0;
  plus_ok : forall a b, val (plus k a b) = val a + val b;
  opposite_ok : forall a, val (opposite k a) = - val a;
  sign_ok : forall a, match sign k a with Eq => val a = 0 | Gt => 0 < val a | Lt => val a <= 0 end;
  least_ok : forall a b, val (least k a b) <= val a /\ val (least k a b) <= val b;
  whole_ok : forall v, val (whole k v) = of_Z v;
  known_ok : forall v, val (known k v) = bound_value v;
  ratio_ok : forall n d, val (ratio k n d) <= of_Z n * part d;
  multiple_ok : forall n a, val (multiple k n a) = of_Z n * val a;
  times_ok : forall a b, val (times k a b) <= val a * val b;
  slope_ok : forall c a, (0 <= a <= 256)%Z -> 0 <= val c -> 0 <= val (slope k c a) /\ val (slope k c a) <= val c;
  ratio_nonneg : forall n d, (0 <= n)%Z -> 0 <= val (ratio k n d);
  affine_ok : forall i ps a floors cs b t, Forall2 floor_ok floors a -> affine k i floors ps = (cs, b, Some t) ->
    dot val cs a + val b + bound_value t * part u <= dot val ps (pre (nth i net no_layer) a);
  settle_ok : forall n c terms,
    val (settle k n c terms) * of_Z (Zpos n) <= val c + fold_right (fun t s => val (fst t) * bound_value (snd t) + s) 0 terms;
  down_ok : forall a, bound_value (down k a) <= val a
}.

Lemma dot_add_row k ws acc (a : list F) : dot of_Z (add_row k ws acc) a = dot of_Z acc a + of_Z k * dot of_Z ws a.
Proof.
  assert (M : forall ws (a : list F), dot of_Z (map (Z.mul k) ws) a = of_Z k * dot of_Z ws a).
  { clear. induction ws as [|w ws IH]; intros [|v a]; cbn [map dot]; try ring. rewrite IH, of_Z_mul. ring. }
  revert acc a; induction ws as [|w ws IH]; intros [|c acc] [|v a]; cbn [add_row dot]; try ring;
    try (rewrite M; cbn [dot]; ring).
  rewrite IH, of_Z_add, of_Z_mul. ring.
Qed.

Lemma sum_rows_ok l ps wbs acc b cs t (a : list F) :
  sum_rows ps wbs acc b = (cs, t) ->
  dot of_Z cs a * part (weight_den l) + of_Z t * part (bias_den l)
  = dot of_Z acc a * part (weight_den l) + of_Z b * part (bias_den l) + dot of_Z ps (map (fun wb => unit_pre l wb a) wbs).
Proof.
  revert wbs acc b; induction ps as [|p ps IH]; intros [|[ws bias] wbs] acc b; cbn [sum_rows map dot];
    try (intros [= <- <-]; ring).
  destruct (Z.eqb_spec p 0) as [->|N]; intros H; rewrite (IH _ _ _ H).
  - rewrite of_Z_0. ring.
  - rewrite dot_add_row, of_Z_add, of_Z_mul. unfold unit_pre; cbn [fst snd]. ring.
Qed.

Definition packs_ok (packs : list packed) : Prop := exists room, (1 <= room)%Z /\ packs = map (pack room) net.

Lemma wanted_ok ws floors n (a : list F) :
  Forall2 floor_ok floors a -> dot of_Z (wanted floors (ws ++ repeat 0%Z n)) a = dot of_Z ws a.
Proof.
  intros H; revert ws n; induction H as [|f v floors a B H IH]; intros ws n; [rewrite !dot_nil_r; reflexivity|].
  destruct ws as [|w ws]; cbn [app].
  - destruct n as [|n]; cbn [repeat wanted dot]; [reflexivity|]. pose proof (IH [] n) as K. cbn [app dot] in K. rewrite K. destruct f; rewrite of_Z_0; ring.
  - cbn [wanted dot]. rewrite IH. destruct f; [|reflexivity]. cbn [floor_ok] in B. rewrite B. ring.
Qed.

Lemma row_sum_ok packs i floors ps (a : list F) cs b :
  packs_ok packs -> Forall2 floor_ok floors a -> row_sum (nth i packs no_pack) floors ps = (cs, b) ->
  let l := nth i net no_layer in
  unpacked (nth i packs no_pack) = l /\ den_exponent (nth i packs no_pack) = exponent (weight_den l) /\
  dot of_Z cs a * part (weight_den l) + of_Z b * part (bias_den l) = dot of_Z ps (pre l a).
Proof.
  intros (room & Room & ->) Fl. assert (D : nth i (map (pack room) net) no_pack = pack room (nth i net no_layer)
    \/ nth i (map (pack room) net) no_pack = no_pack /\ nth i net no_layer = no_layer).
  { destruct (Nat.ltb_spec i (length net)) as [L|L].
    - left. rewrite (nth_indep _ no_pack (pack room no_layer)) by (rewrite map_length; exact L). apply map_nth.
    - right. rewrite !nth_overflow by (rewrite ?map_length; exact L). auto. }
  cbv zeta. set (l := nth i net no_layer) in *.
  assert (Plain : sum_rows ps (combine (weights l) (biases l)) [] 0 = (cs, b) ->
                  dot of_Z cs a * part (weight_den l) + of_Z b * part (bias_den l) = dot of_Z ps (pre l a)).
  { intros E. pose proof (sum_rows_ok l _ _ _ _ _ _ a E) as S. cbn [dot] in S. rewrite of_Z_0 in S. unfold pre. rewrite S. ring. }
  destruct D as [->|[-> D]].
  - intros E. split; [reflexivity|]. split; [reflexivity|]. unfold row_sum in E. destruct (few 2 ps); [apply Plain, E|].
    destruct (sum_long ps (long_rows (pack room l)) 0 0 0) as [[v size] c] eqn:Es.
    destruct (Z.ltb_spec (size * largest (pack room l)) (half (pack room l))) as [B|B]; [|apply Plain, E].
    destruct (pack_within room l) as [W One].
    assert (P : (0 < digit (pack room l))%Z) by (unfold pack; cbn [digit]; match goal with |- context [Z.log2 ?m] => pose proof (Z.log2_nonneg m) end; lia).
    pose proof (sum_long_ok _ P ps _ (columns (pack room l)) (largest (pack room l)) [] 0 0 v size c ltac:(lia) ltac:(lia) W
                  (Forall_nil _) (Nat.le_0_l _) Es) as K.
    destruct (sum_rows ps (combine (weights l) (biases l)) [] 0) as [gs d] eqn:Er. destruct K as (-> & -> & Wg & Lg).
    injection E as Ecs <-.
    set (zeros := (columns (pack room l) - length gs)%nat).
    assert (Len : columns (pack room l) = length (gs ++ repeat 0%Z zeros)) by (rewrite app_length, repeat_length; unfold zeros; lia).
    assert (Digits : digits (columns (pack room l)) floors (digit (pack room l)) (half (pack room l)) 0
                       (long (digit (pack room l)) gs + halves (pack room l)) = wanted floors (gs ++ repeat 0%Z zeros)).
    { rewrite <- (digits_long (digit (pack room l)) P (gs ++ repeat 0%Z zeros) floors 0 0).
      - rewrite <- Len. change (half (pack room l)) with (Z.shiftl 1 (digit (pack room l) - 1)). f_equal.
        rewrite Z.shiftl_0_r, Z.add_0_l, long_shifted by exact P. rewrite long_app_zeros, <- Len. reflexivity.
      - lia.
      - lia.
      - apply Forall_app. split; [apply Forall_impl with (2 := Wg); intros w Hw; exact (Z.le_lt_trans _ _ _ Hw B)|].
        apply Forall_forall. intros w I. apply repeat_spec in I. subst w. rewrite Z.shiftl_1_l. apply Z.pow_pos_nonneg; lia. }
    assert (C : cs = wanted floors (gs ++ repeat 0%Z zeros)) by (rewrite <- Ecs; exact Digits). rewrite C, wanted_ok by exact Fl.
    pose proof (sum_rows_ok l _ _ _ _ _ _ a Er) as S. cbn [dot] in S. rewrite of_Z_0 in S. unfold pre. rewrite S. ring.
  - rewrite D. intros E. split; [reflexivity|]. split; [reflexivity|]. rewrite D in Plain. unfold row_sum in E.
    destruct (few 2 ps); [apply Plain, E|]. unfold no_pack in E; cbn [long_rows] in E.
    assert (E0 : sum_long ps [] 0 0 0 = (0, 0, 0)%Z) by (destruct ps; reflexivity). rewrite E0 in E. cbn in E. injection E as <- <-.
    cbn [dot pre no_layer weights biases combine map]. rewrite dot_nil_r, of_Z_0. ring.
Qed.

Lemma bound_le (a b : Z) : (a <= b)%Z -> bound_value a <= bound_value b.
Proof. intros H. apply mul_le_r; [apply part_nonneg | apply of_Z_le, H]. Qed.

(** n / d rounded down is not greater than n / d. *)
Lemma div_le n d : (of_Z (n / Zpos d) : F) <= of_Z n * part d.
Proof.
  apply (cancel d). replace (of_Z (Zpos d) * (of_Z n * part d)) with (of_Z (Zpos d) * (part d * of_Z n) : F) by ring.
  rewrite part_l, <- of_Z_mul. apply of_Z_le, Z.mul_div_le. lia.
Qed.

Lemma part_mul a b : part (a * b) = part a * part b :> F.
Proof.
  apply (cancel_eq (a * b)). rewrite part_ok, Pos2Z.inj_mul, of_Z_mul.
  replace (of_Z (Zpos a) * of_Z (Zpos b) * (part a * part b) : F) with ((of_Z (Zpos a) * part a) * (of_Z (Zpos b) * part b) : F) by ring.
  rewrite !part_ok. ring.
Qed.

Lemma cut_all_ok d cs (a : list F) floors qs t :
  Forall2 floor_ok floors a -> cut_all d (exponent d) cs floors = (qs, Some t) ->
  dot of_Z qs a + bound_value t <= dot of_Z cs a * part d.
Proof.
  intros H; revert cs qs t; induction H as [|f v floors a B H IH]; intros [|c cs] qs t L; cbn [cut_all] in L;
    try (injection L as <- <-; unfold bound_value; rewrite of_Z_0; cbn [dot]; apply le_eq; ring).
  destruct (cut_all d (exponent d) cs floors) as [rs s] eqn:Ls. rewrite div_by_ok, mul_by_ok in L.
  set (q := (c / Zpos d)%Z) in *. set (r := (c mod Zpos d)%Z).
  assert (E : of_Z c * part d = of_Z q + of_Z r * part d :> F).
  { replace (of_Z q : F) with (of_Z q * (of_Z (Zpos d) * part d) : F) by (rewrite part_ok; ring).
    replace c with (q * Zpos d + r)%Z at 1 by (unfold q, r; rewrite (Z.div_mod c (Zpos d)) at 3 by lia; ring).
    rewrite of_Z_add, of_Z_mul. ring. }
  assert (R : (0 <= r < Zpos d)%Z) by (apply Z.mod_pos_bound; lia).
  assert (P0 : (0 : F) <= of_Z r * part d) by (apply mul_nonneg; [apply of_Z_nonneg; lia | apply part_nonneg]).
  assert (Split : forall x : F, (of_Z c * v + dot of_Z cs a) * part d = of_Z q * v + (of_Z r * part d) * v + dot of_Z cs a * part d).
  { intros _. replace ((of_Z c * v + dot of_Z cs a) * part d) with ((of_Z c * part d) * v + dot of_Z cs a * part d) by ring. rewrite E. ring. }
  destruct f as [|b]; cbn [floor_ok] in B.
  - injection L as <- ->. specialize (IH _ _ _ Ls). cbn [dot]. rewrite (Split 0), B.
    apply (le_trans _ _ (dot of_Z rs a + bound_value t)); [apply le_eq; rewrite of_Z_0; ring|].
    apply (le_trans _ _ _ _ IH), le_eq. ring.
  - injection L as <- L. cbn [dot]. rewrite (Split 0).
    assert (Tail : forall t, s = Some t -> dot of_Z rs a + bound_value t <= dot of_Z cs a * part d) by (intros t' ->; exact (IH _ _ _ Ls)).
    assert (Whole : forall t, s = Some t -> (0 : F) <= (of_Z r * part d) * v ->
              of_Z q * v + dot of_Z rs a + bound_value t <= of_Z q * v + of_Z r * part d * v + dot of_Z cs a * part d).
    { intros t' T N. specialize (Tail t' T).
      apply (le_by (of_Z r * part d * v + (dot of_Z cs a * part d - (dot of_Z rs a + bound_value t')))); [|ring].
      apply add_nonneg; [exact N | apply nonneg_sub, Tail]. }
    destruct (match b with Some b => (b =? 0)%Z | None => false end) eqn:Zero.
    + destruct b as [b|]; [|discriminate]. apply Z.eqb_eq in Zero. subst b. destruct B as [B _].
      apply Whole; [exact L|]. apply mul_nonneg; [exact P0|]. unfold bound_value in B. rewrite of_Z_0 in B.
      apply (le_trans _ _ (0 * part u)); [apply le_eq; ring | exact B].
    + destruct (Z.eqb_spec (q * Zpos d) c) as [Q|Q].
      * assert (r = 0)%Z as R0 by (unfold r, q in *; rewrite Zmod_eq by lia; lia).
        apply Whole; [exact L|]. rewrite R0, of_Z_0. apply le_eq. ring.
      * destruct b as [b|]; [|discriminate]. destruct s as [s|]; [|discriminate]. injection L as <-. specialize (Tail s eq_refl).
        destruct B as [B B0].
        assert (P1 : (of_Z r * part d : F) <= 1).
        { rewrite <- (part_ok F d). apply mul_le_r; [apply part_nonneg | apply of_Z_le; lia]. }
        assert (N : bound_value b <= 0).
        { replace (0 : F) with (bound_value 0) by (unfold bound_value; rewrite of_Z_0; ring). apply bound_le, B0. }
        replace (bound_value (b + s)) with (bound_value b + bound_value s) by (unfold bound_value; rewrite of_Z_add; ring).
        apply (le_by ((dot of_Z cs a * part d - (dot of_Z rs a + bound_value s))
                    + ((of_Z r * part d) * (v - bound_value b) + (1 - of_Z r * part d) * (- bound_value b)))); [|ring].
        apply add_nonneg; [apply nonneg_sub, Tail|]. apply add_nonneg; apply mul_nonneg; auto using nonneg_sub, nonpos_opp.
Qed.

Lemma dot_factor A (f : A -> F) k cs (a : list F) : dot (fun c => f c * k) cs a = dot f cs a * k.
Proof. revert a; induction cs as [|c cs IH]; intros [|v a]; cbn [dot]; try rewrite IH; ring. Qed.

Lemma dot_ext A (f g : A -> F) cs (a : list F) : (forall c, In c cs -> f c = g c) -> dot f cs a = dot g cs a.
Proof.
  revert a; induction cs as [|c cs IH]; intros [|v a] H; cbn [dot]; try reflexivity.
  rewrite (H c), IH; cbn; auto. intros; apply H; cbn; auto.
Qed.

Lemma dot_map A B (g : A -> B) (f : B -> F) cs (a : list F) : dot f (map g cs) a = dot (fun c => f (g c)) cs a.
Proof. revert a; induction cs as [|c cs IH]; intros [|v a]; cbn [map dot]; try rewrite IH; reflexivity. Qed.

Lemma scaled_le k a b : (a : F) <= b -> a * part k <= b * part k.
Proof. apply mul_le_r, part_nonneg. Qed.

Theorem fixed_sound packs : packs_ok packs -> sound (fixed u (exponent u) packs) bound_value.
Proof.
  intros Packs.
  assert (D : forall n d, bound_value (n / Zpos d) <= of_Z n * part d * part u) by (intros; apply scaled_le, div_le).
  constructor; cbn [none plus opposite sign least whole known ratio multiple times slope affine settle down fixed]; unfold bound_value.
  - rewrite of_Z_0. ring.
  - intros. rewrite of_Z_add. ring.
  - intros. rewrite of_Z_opp. ring.
  - intros a. destruct (Z.compare_spec a 0) as [->|H|H].
    + rewrite of_Z_0. ring.
    + replace (0 : F) with (of_Z 0 * part u : F) by (rewrite of_Z_0; ring). apply scaled_le, of_Z_le. lia.
    + apply mul_part_positive. rewrite <- of_Z_0. apply of_Z_lt, H.
  - intros a b. split; apply scaled_le, of_Z_le; lia.
  - intros v. rewrite of_Z_mul. replace (of_Z v * of_Z (Zpos u) * part u) with (of_Z v * (of_Z (Zpos u) * part u) : F) by ring.
    rewrite part_ok. ring.
  - reflexivity.
  - intros n d. apply (le_trans _ _ _ _ (D _ _)). apply le_eq. rewrite of_Z_mul.
    replace (of_Z n * of_Z (Zpos u) * part d * part u) with (of_Z n * part d * (of_Z (Zpos u) * part u) : F) by ring.
    rewrite part_ok. ring.
  - intros. rewrite of_Z_mul. ring.
  - intros a b. unfold fixed_times. rewrite div_by_ok. apply (le_trans _ _ _ _ (D _ _)). apply le_eq. rewrite of_Z_mul. ring.
  - intros c a A C. assert (0 <= c)%Z as C0.
    { destruct (Z_le_gt_dec 0 c) as [H|H]; [exact H|]. exfalso.
      assert (K : (0 : F) < of_Z (- c)) by (rewrite <- of_Z_0; apply of_Z_lt; lia).
      apply (mul_part_positive u) in K. apply K. rewrite of_Z_opp.
      replace (- of_Z c * part u) with (- (of_Z c * part u) : F) by ring.
      replace (0 : F) with (- 0 : F) by ring. apply opp_le, C. }
    rewrite Z.shiftr_div_pow2 by lia. change (2 ^ 8)%Z with 256%Z. split.
    + apply mul_nonneg; [|apply part_nonneg]. apply of_Z_nonneg, Z.div_pos; nia.
    + apply scaled_le, of_Z_le. apply Z.div_le_upper_bound; nia.
  - intros n d N. apply mul_nonneg; [|apply part_nonneg]. apply of_Z_nonneg, Z.div_pos; nia.
  - intros i ps a floors cs b t H. unfold fixed_affine.
    destruct (row_sum (nth i packs no_pack) floors ps) as [g s] eqn:E.
    destruct (row_sum_ok packs i floors ps a g s Packs H E) as (-> & -> & S). set (l := nth i net no_layer) in *.
    destruct (cut_all (weight_den l) (exponent (weight_den l)) g floors) as [qs t'] eqn:L. intros [= <- <- ->].
    pose proof (cut_all_ok _ _ _ _ _ _ H L) as K. pose proof (div_le s (bias_den l)) as B.
    rewrite !dot_factor, <- S.
    fold (bound_value t).
    replace (dot of_Z qs a * part u + of_Z (s / Zpos (bias_den l)) * part u + bound_value t * part u)
      with (((dot of_Z qs a + bound_value t) + of_Z (s / Zpos (bias_den l))) * part u) by ring.
    apply scaled_le, add_le; assumption.
  - intros n c terms. set (v := (c * Zpos u + fold_right (fun t s => fst t * snd t + s) 0 terms)%Z).
    change (Zpos u * Zpos n)%Z with (Zpos (u * n)).
    apply (le_trans _ _ (of_Z v * part (u * n) * part u * of_Z (Zpos n))); [apply mul_le_r; [apply of_Z_nonneg; lia | apply D]|].
    apply le_eq. rewrite part_mul.
    replace (of_Z v * (part u * part n) * part u * of_Z (Zpos n)) with (of_Z v * part u * part u * (of_Z (Zpos n) * part n) : F) by ring.
    rewrite part_ok. unfold v. rewrite of_Z_add, of_Z_mul.
    assert (T : (of_Z (fold_right (fun t s => fst t * snd t + s) 0 terms)%Z * part u * part u : F)
                = fold_right (fun t s => of_Z (fst t) * part u * (of_Z (snd t) * part u) + s) 0 terms).
    { clear. induction terms as [|t ts IH]; cbn [fold_right]; [rewrite of_Z_0; ring|].
      rewrite <- IH, of_Z_add, of_Z_mul. ring. }
    rewrite <- T.
    replace ((of_Z c * of_Z (Zpos u) + of_Z (fold_right (fun t s => fst t * snd t + s) 0 terms)%Z) * part u * part u * 1)
      with (of_Z c * part u * (of_Z (Zpos u) * part u) + of_Z (fold_right (fun t s => fst t * snd t + s) 0 terms)%Z * part u * part u : F)
      by ring.
    rewrite part_ok. ring.
  - intros. apply le_refl.
Qed.

(** ** Rational numbers *)
Definition q_value (q : Q) : F := of_Z (Qnum q) * part (Qden q).

Lemma q_value_eq n d m e : (n * Zpos e = m * Zpos d)%Z -> of_Z n * part d = of_Z m * part e :> F.
Proof.
  intros H. apply (cancel_eq (d * e)). rewrite Pos2Z.inj_mul, of_Z_mul.
  replace (of_Z (Zpos d) * of_Z (Zpos e) * (of_Z n * part d)) with (of_Z n * of_Z (Zpos e) * (of_Z (Zpos d) * part d) : F) by ring.
  replace (of_Z (Zpos d) * of_Z (Zpos e) * (of_Z m * part e)) with (of_Z m * of_Z (Zpos d) * (of_Z (Zpos e) * part e) : F) by ring.
  rewrite !part_ok, <- !of_Z_mul, H. ring.
Qed.

Lemma reduced_ok n d : q_value (reduced n d) = of_Z n * part d.
Proof.
  unfold reduced, q_value; cbn [Qnum Qden]. apply q_value_eq.
  destruct (Z.gcd_divide_l n (Zpos d)) as [x X]. destruct (Z.gcd_divide_r n (Zpos d)) as [y Y].
  pose proof (Z.gcd_nonneg n (Zpos d)) as G. set (g := Z.gcd n (Zpos d)) in *.
  assert (g <> 0)%Z by (intros Z0; rewrite Z0 in Y; lia).
  assert (n / g = x)%Z as -> by (rewrite X; apply Z.div_mul; assumption).
  assert (Zpos d / g = y)%Z as -> by (rewrite Y; apply Z.div_mul; assumption).
  rewrite Z2Pos.id by nia. rewrite X, Y. ring.
Qed.

Lemma q_plus_ok a b : q_value (q_plus a b) = q_value a + q_value b.
Proof.
  unfold q_plus. destruct (Z.eqb_spec (Zpos (Qden a)) (Zpos (Qden b))) as [E|_]; rewrite reduced_ok; unfold q_value.
  - injection E as ->. rewrite of_Z_add. ring.
  - rewrite of_Z_add, !of_Z_mul, part_mul.
    replace ((of_Z (Qnum a) * of_Z (Zpos (Qden b)) + of_Z (Qnum b) * of_Z (Zpos (Qden a))) * (part (Qden a) * part (Qden b)))
      with (of_Z (Qnum a) * part (Qden a) * (of_Z (Zpos (Qden b)) * part (Qden b))
            + of_Z (Qnum b) * part (Qden b) * (of_Z (Zpos (Qden a)) * part (Qden a)) : F) by ring.
    rewrite !part_ok. ring.
Qed.

Lemma q_times_ok a b : q_value (q_times a b) = q_value a * q_value b.
Proof. unfold q_times. rewrite reduced_ok. unfold q_value. rewrite of_Z_mul, part_mul. ring. Qed.

Lemma q_multiple_ok k a : q_value (q_multiple k a) = of_Z k * q_value a.
Proof. unfold q_multiple. rewrite reduced_ok. unfold q_value. rewrite of_Z_mul. ring. Qed.

Lemma q_opposite_ok a : q_value (q_opposite a) = - q_value a.
Proof. unfold q_value, q_opposite; cbn [Qnum Qden]. rewrite of_Z_opp. ring. Qed.

Lemma common_ok ps : (0 < common ps)%Z /\ forall p, In p ps -> (Zpos (Qden p) | common ps)%Z.
Proof.
  induction ps as [|p ps [P D]]; cbn [common fold_right]; [split; [lia | intros p []]|].
  fold (common ps). split.
  - pose proof (Z.lcm_nonneg (Zpos (Qden p)) (common ps)).
    assert (Z.lcm (Zpos (Qden p)) (common ps) <> 0)%Z; [|lia]. intros K. apply Z.lcm_eq_0 in K. lia.
  - intros q [->|I]; [apply Z.divide_lcm_l|]. apply (Z.divide_trans _ (common ps)); [apply D, I | apply Z.divide_lcm_r].
Qed.

Lemma over_ok d p : (Zpos (Qden p) | Zpos d)%Z -> of_Z (over (Zpos d) p) * part d = q_value p.
Proof.
  intros [k K]. unfold over, q_value. apply q_value_eq. rewrite K at 1. rewrite Z.div_mul by lia. rewrite K. ring.
Qed.

Lemma q_nonneg q : (0 <= Qnum q)%Z -> 0 <= q_value q.
Proof. intros H. apply mul_nonneg; [apply of_Z_nonneg, H | apply part_nonneg]. Qed.

Theorem exact_sound packs : packs_ok packs -> sound (exact u packs) q_value.
Proof.
  intros Packs.
  constructor; cbn [none plus opposite sign least whole known ratio multiple times slope affine settle down exact].
  - unfold q_value; cbn [Qnum Qden]. rewrite of_Z_0. ring.
  - apply q_plus_ok.
  - apply q_opposite_ok.
  - intros a. unfold q_value. destruct (Z.compare_spec (Qnum a) 0) as [->|H|H].
    + rewrite of_Z_0. ring.
    + replace (0 : F) with (of_Z 0 * part (Qden a) : F) by (rewrite of_Z_0; ring). apply scaled_le, of_Z_le. lia.
    + apply mul_part_positive. rewrite <- of_Z_0. apply of_Z_lt, H.
  - intros a b.
    assert (K : forall p q : Q, (Qnum p * Zpos (Qden q) <= Qnum q * Zpos (Qden p))%Z -> q_value p <= q_value q).
    { clear. intros p q H. apply (cancel (Qden p * Qden q)). rewrite Pos2Z.inj_mul, of_Z_mul. unfold q_value.
      replace (of_Z (Zpos (Qden p)) * of_Z (Zpos (Qden q)) * (of_Z (Qnum p) * part (Qden p)))
        with (of_Z (Qnum p) * of_Z (Zpos (Qden q)) * (of_Z (Zpos (Qden p)) * part (Qden p)) : F) by ring.
      replace (of_Z (Zpos (Qden p)) * of_Z (Zpos (Qden q)) * (of_Z (Qnum q) * part (Qden q)))
        with (of_Z (Qnum q) * of_Z (Zpos (Qden p)) * (of_Z (Zpos (Qden q)) * part (Qden q)) : F) by ring.
      rewrite !part_ok, <- !of_Z_mul. replace (of_Z (Qnum p * Zpos (Qden q)) * 1) with (of_Z (Qnum p * Zpos (Qden q)) : F) by ring.
      replace (of_Z (Qnum q * Zpos (Qden p)) * 1) with (of_Z (Qnum q * Zpos (Qden p)) : F) by ring. apply of_Z_le, H. }
    destruct (Z.leb_spec (Qnum a * Zpos (Qden b)) (Qnum b * Zpos (Qden a))) as [H|H]; split;
      solve [apply le_refl | apply K; lia].
  - intros v. unfold q_value; cbn [Qnum Qden].
    replace (part 1 : F) with (of_Z 1 * part 1 : F) by (rewrite of_Z_1; ring). rewrite part_ok. ring.
  - intros v. apply reduced_ok.
  - intros n d. rewrite reduced_ok. apply le_refl.
  - intros. apply q_multiple_ok.
  - intros. rewrite q_times_ok. apply le_refl.
  - intros c a A C. rewrite q_times_ok, reduced_ok.
    assert (P : (0 : F) <= of_Z a * part 256) by (apply mul_nonneg; [apply of_Z_nonneg; lia | apply part_nonneg]).
    assert (P1 : (of_Z a * part 256 : F) <= 1) by (rewrite <- (part_ok F 256); apply scaled_le, of_Z_le; lia).
    split; [apply mul_nonneg; assumption|].
    apply (le_by (q_value c * (1 - of_Z a * part 256))); [apply mul_nonneg, nonneg_sub; assumption | ring].
  - intros n d N. rewrite reduced_ok. apply mul_nonneg; [apply of_Z_nonneg, N | apply part_nonneg].
  - intros i ps a floors cs b t Fl. unfold exact_affine. destruct (common_ok ps) as [P C]. destruct (common ps) as [|d|]; try lia.
    destruct (row_sum (nth i packs no_pack) floors (map (over (Zpos d)) ps)) as [g s] eqn:E.
    destruct (row_sum_ok packs i floors _ a g s Packs Fl E) as (-> & _ & S). set (l := nth i net no_layer) in *. intros [= <- <- <-].
    cbn [Z.to_pos]. apply le_eq. rewrite dot_map, reduced_ok.
    rewrite (dot_ext _ _ (fun c => of_Z c * (part (weight_den l) * part d)) g) by (intros; rewrite reduced_ok, part_mul; ring).
    rewrite dot_factor, part_mul. unfold bound_value; rewrite of_Z_0.
    rewrite <- (dot_ext _ (fun p => of_Z (over (Zpos d) p) * part d) q_value ps) by (intros p I; apply over_ok, C, I).
    rewrite dot_factor. rewrite dot_map in S. rewrite <- S. ring.
  - intros n c terms. rewrite q_times_ok.
    replace (q_value (1 # n)) with (part n : F) by (unfold q_value; cbn [Qnum Qden]; rewrite of_Z_1; ring).
    match goal with |- q_value ?e * _ * _ <= _ => replace (q_value e * part n * of_Z (Zpos n)) with (q_value e * (of_Z (Zpos n) * part n)) by ring end.
    rewrite part_ok. apply le_eq.
    match goal with |- ?e * 1 = _ => replace (e * 1) with e by ring end.
    induction terms as [|t ts IH]; cbn [fold_right]; [ring|].
    rewrite q_plus_ok, q_times_ok, reduced_ok, IH. unfold bound_value. ring.
  - intros a. unfold bound_value. apply (le_trans _ _ (of_Z (Qnum a * Zpos u) * part (Qden a) * part u));
      [apply scaled_le, div_le|]. apply le_eq. unfold q_value. rewrite of_Z_mul.
    replace (of_Z (Qnum a) * of_Z (Zpos u) * part (Qden a) * part u)
      with (of_Z (Qnum a) * part (Qden a) * (of_Z (Zpos u) * part u) : F) by ring.
    rewrite part_ok. ring.
Qed.
End Sound.
