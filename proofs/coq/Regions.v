(** What holds on a region: bounds of units, rows of the domain and of the splits on the path; and what can be computed from it. *)
From Coq Require Import List ZArith QArith Ring Lia Bool.
From Exactzones Require Import Numbers Network Kinds Execution Backward Rounded.
Import ListNotations.
Local Open Scope Z_scope.

(** ** The claim *)
(** A condition on the values of a layer (of layer [place] - 1), its coefficients scaled to integers. *)
Record condition := Condition {
  place : nat;
  after_relu : bool;
  terms : list Z;
  constant : Z;
  constant_den : positive;
  strict : bool
}.
Definition row := (Z * list Z)%type.                             (* b, a: b + a . x >= 0 *)
(** Rows of the domain that a witness must satisfy strictly are in [strict_rows], too. *)
Record claim := Claim {
  network : list layer;
  inputs : nat;
  domain : list row;
  strict_rows : list row;
  conditions : list condition;
  noises : list noise                                             (* of each layer, or none at all: nothing is rounded *)
}.

(** ** Learning *)
Fixpoint change {A} (i : nat) (g : A -> A) (l : list A) : list A :=
  match i, l with
  | _, [] => []
  | O, a :: l' => g a :: l'
  | S i', a :: l' => a :: change i' g l'
  end.
Definition raise_low (v : Z) (f : fact) : fact := (Some (match fst f with Some l => Z.max l v | None => v end), snd f).
Definition lower_high (v : Z) (f : fact) : fact := (fst f, Some (match snd f with Some h => Z.min h v | None => v end)).
(** Learn that unit i of layer n is at least v or, if [upper], at most v. *)
Definition learn (n i : nat) (upper : bool) (v : Z) (kn : region) : region :=
  change n (change i (if upper then lower_high v else raise_low v)) kn.

(** ** What single rows of the domain say of an input *)
Fixpoint single (j : nat) (a : list Z) : option (nat * Z) :=
  match a with
  | [] => None
  | e :: a' => if e =? 0 then single (S j) a' else if forallb (Z.eqb 0) a' then Some (j, e) else None
  end.
Definition box_row (u : positive) (kn : region) (r : row) : region :=
  match single 0 (snd r) with
  | Some (j, Zpos p) => learn 0 j false (- fst r * Zpos u / Zpos p) kn
  | Some (j, Zneg p) => learn 0 j true (- (- fst r * Zpos u / Zpos p)) kn
  | _ => kn
  end.

(** How many layers' phases decide the conditions, and how many layers they read. *)
Definition horizon (cs : list condition) : nat :=
  fold_right (fun c n => Nat.max (if after_relu c then place c else pred (place c)) n) O cs.
Definition reach (cs : list condition) : nat := fold_right (fun c n => Nat.max (place c) n) O cs.

Definition unknown : fact := (None, None).
Definition nothing_known (c : claim) : region :=
  repeat unknown (inputs c) ::
  map (fun i => repeat unknown (width (nth i (network c) no_layer))) (seq 0 (horizon (conditions c))).
Definition start (u : positive) (c : claim) : region := fold_left (box_row u) (domain c) (nothing_known c).

(** ** Rows of the path *)
Inductive path_row :=
| SplitRow (kn : region) (n i : nat) (upper : bool) (fixed_row : option (list Z * Z))   (* z <= 0 or, if upper, z >= 0 *)
| CutRow (j : nat) (c : Z) (above : bool).                                              (* x_j <= c or x_j >= c *)
Definition path := list path_row.

Section Compute.
Variable u : positive.
Variable cl : claim.
Variable fx : kind Z.                                           (* the fixed numbers *)
Variable ex : kind Q.                                           (* the exact ones *)
Let net := network cl.
Let lost := lost_of u net (noises cl).

Section Kind.
Context {num : Type} (k : kind num) (get : path_row -> option (list num * num)).

(** Where to begin: a hint may name known bounds of later layers; bounds of inputs (n = 0) use none. *)
Definition top_of (n : nat) (h : hint) : nat :=
  match n with O => O | S _ => fold_right (fun b top => Nat.max (fst b) top) n (betas h) end.
Definition unit_back (kn : region) (h : hint) (n i : nat) (upper : bool) : option (list num * num) :=
  carry_back k u net lost kn h (unit_function k n i upper) (top_of n h) [] (none k).
(** Minus the lower function of z (of - z) is a row where z <= 0 (where z >= 0). *)
Definition split_row (kn : region) (n i : nat) (upper : bool) : option (list num * num) :=
  match unit_back kn no_hint n i upper with
  | Some (a, b) => Some (map (opposite k) a, opposite k b)
  | None => None
  end.
Definition cut_row (j : nat) (c : Z) (above : bool) : list num * num :=
  (repeat (none k) j ++ [whole k (if above then 1 else -1)], known k (if above then - c else c)).

Fixpoint row_at (rs : list row) (p : path) (index : nat) : option (list num * num) :=
  match rs, index with
  | r :: _, O => Some (map (whole k) (snd r), whole k (fst r))
  | _ :: rs', S index' => row_at rs' p index'
  | [], _ => match nth_error p index with Some r => get r | None => None end
  end.

Fixpoint subtract_rows (p : path) (ms : list (nat * Z)) (f : list num * num) : option (list num * num) :=
  match ms with
  | [] => Some f
  | (index, m) :: ms' =>
      if m <? 0 then None else
      match row_at (domain cl) p index with
      | Some (a, b) => subtract_rows p ms' (add_lists k (fst f) (map (multiple k (- m)) a), plus k (snd f) (multiple k (- m) b))
      | None => None
      end
  end.
Fixpoint corner (cs : list num) (fs : list fact) : option (list (num * Z)) :=
  match cs with
  | [] => Some []
  | c :: cs' =>
      match sign k c, fs with
      | Eq, _ => corner cs' (tl fs)
      | Gt, (Some l, _) :: fs' => option_map (cons (c, l)) (corner cs' fs')
      | Lt, (_, Some h) :: fs' => option_map (cons (c, h)) (corner cs' fs')
      | _, _ => None
      end
  end.
(** The least value of a function of the inputs over the region: None if a row is missing, Some None if there is none. *)
Definition least_over (kn : region) (p : path) (h : hint) (f : list num * num) : option (option num) :=
  let n := rows_den h in
  match subtract_rows p (rows h) (map (multiple k (Zpos n)) (fst f), multiple k (Zpos n) (snd f)) with
  | None => None
  | Some (a, b) => Some (option_map (settle k n b) (corner a (nth 0 kn [])))
  end.

Definition unit_least (kn : region) (p : path) (h : hint) (n i : nat) (upper : bool) : option (option Z) :=
  match unit_back kn h n i upper with
  | None => Some None
  | Some f => option_map (option_map (down k)) (least_over kn p h f)
  end.

(** Minus a combination of conditions. *)
Definition part_of (c : condition) (m : Z) (n : nat) (asked : bool) : list num :=
  if Nat.eqb (place c) n && Bool.eqb (after_relu c) asked then map (fun t => whole k (- (m * t))) (terms c) else [].
Definition minus_conditions (mu : list (condition * Z)) : function :=
  Function (fun n => fold_right (fun cm s => add_lists k (part_of (fst cm) (snd cm) n false) s) [] mu)
           (fun n => fold_right (fun cm s => add_lists k (part_of (fst cm) (snd cm) n true) s) [] mu).
Definition minus_constants (mu : list (condition * Z)) : num :=
  fold_right (fun cm s => plus k (ratio k (- (snd cm * constant (fst cm))) (constant_den (fst cm))) s) (none k) mu.

(** Whether minus the combination is positive on the region: None if a row is missing. *)
Definition refutes (kn : region) (p : path) (h : hint) (mu : list (condition * Z)) : option bool :=
  match carry_back k u net lost kn h (minus_conditions mu) (reach (conditions cl)) [] (minus_constants mu) with
  | None => Some false
  | Some f =>
      match least_over kn p h f with
      | None => None
      | Some None => Some false
      | Some (Some v) =>
          Some (match sign k v with
                | Gt => true
                | Eq => existsb (fun cm => strict (fst cm) && (0 <? snd cm)) mu
                | Lt => false
                end)
      end
  end.
End Kind.

Definition fixed_row (r : path_row) : option (list Z * Z) :=
  match r with SplitRow _ _ _ _ f => f | CutRow j c above => Some (cut_row fx j c above) end.
Definition exact_row (r : path_row) : option (list Q * Q) :=
  match r with
  | SplitRow kn n i upper _ => split_row ex kn n i upper
  | CutRow j c above => Some (cut_row ex j c above)
  end.

Definition bound_of (kn : region) (p : path) (is_exact : bool) (h : hint) (n i : nat) (upper : bool) : option (option Z) :=
  if is_exact then unit_least ex exact_row kn p h n i upper else unit_least fx fixed_row kn p h n i upper.
Definition refuted (kn : region) (p : path) (is_exact : bool) (h : hint) (mu : list (condition * Z)) : option bool :=
  if is_exact then refutes ex exact_row kn p h mu else refutes fx fixed_row kn p h mu.
End Compute.

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Variable u : positive.
Variable cl : claim.
Variable fx : kind Z.
Variable ex : kind Q.
Let net := network cl.
Let lost := lost_of u net (noises cl).
Hypothesis fixed_good : sound u net fx (@bound_value F u).
Hypothesis exact_good : sound u net ex (@q_value F).

(** ** What the claim means *)
Definition row_ok (r : row) (x : list F) : Prop := 0 <= of_Z (fst r) + dot of_Z (snd r) x.
Definition in_domain (x : list F) : Prop := length x = inputs cl /\ Forall (fun r => row_ok r x) (domain cl).
Definition condition_value (c : condition) (x : execution F) : F :=
  dot of_Z (terms c) (if after_relu c then afters x (place c) else befores x (place c))
  + of_Z (constant c) * part (constant_den c).
Definition holds (c : condition) (x : execution F) : Prop :=
  if strict c then 0 < condition_value c x else 0 <= condition_value c x.
Definition run_has_property (x : execution F) : Prop := Forall (fun c => holds c x) (conditions cl).
Definition has_property (x : list F) : Prop := run_has_property (exact_run net x).

Notation fact_ok := (@fact_ok F u).
Notation region_ok := (@region_ok F u).
Notation accounted := (@accounted F u net lost).
(** ** Learning *)
Lemma nth_change A (g : A -> A) n m l :
  nth_error (change n g l) m = if Nat.eqb m n then option_map g (nth_error l m) else nth_error l m.
Proof.
  revert n m; induction l as [|a l IH]; intros [|n] [|m]; cbn [change nth_error Nat.eqb]; try reflexivity; try apply IH;
    destruct (Nat.eqb m n); reflexivity.
Qed.

Lemma change_facts g i fs (zs : list F) :
  Forall2 fact_ok fs zs -> (forall f, fact_ok f (nth i zs 0) -> fact_ok (g f) (nth i zs 0)) -> Forall2 fact_ok (change i g fs) zs.
Proof.
  intros H; revert i; induction H as [|f z fs zs Hf H IH]; intros [|i] G; cbn [change]; constructor; auto.
Qed.

Lemma learn_ok n i (upper : bool) v kn (x : execution F) :
  region_ok kn x -> (if upper then nth i (befores x n) 0 <= bound_value u v else bound_value u v <= nth i (befores x n) 0) ->
  region_ok (learn n i upper v kn) x.
Proof.
  intros R V m fs E. unfold learn in E. rewrite nth_change in E. destruct (Nat.eqb_spec m n) as [->|_]; [|apply R, E].
  destruct (nth_error kn n) as [gs|] eqn:En; cbn [option_map] in E; [|discriminate]. injection E as <-.
  apply change_facts; [apply R, En|]. intros [l h] [Low High]; cbn [fst snd] in *.
  destruct upper; split; cbn [fst snd lower_high raise_low]; try assumption.
  - destruct h as [h|]; [|exact V]. destruct (Z.min_spec h v) as [[_ ->]|[_ ->]]; assumption.
  - destruct l as [l|]; [|exact V]. destruct (Z.max_spec l v) as [[_ ->]|[_ ->]]; assumption.
Qed.

Lemma single_ok j a i e (x : list F) : single j a = Some (i, e) -> exists n, i = (j + n)%nat /\ dot of_Z a x = of_Z e * nth n x 0.
Proof.
  revert j x; induction a as [|b a IH]; intros j x H; cbn [single] in H; [discriminate|].
  destruct (Z.eqb_spec b 0) as [->|_].
  - destruct (IH (S j) (tl x) H) as (n & -> & E). exists (S n). split; [lia|].
    destruct x as [|v x]; cbn [dot nth tl] in *; [destruct a, n; ring|]. rewrite E, of_Z_0. ring.
  - destruct (forallb (Z.eqb 0) a) eqn:Z; [|discriminate]. injection H as <- <-. exists O. split; [lia|].
    destruct x as [|v x]; cbn [dot nth]; [ring|].
    assert (K : dot of_Z a x = 0); [|rewrite K; ring].
    clear - Z. revert x; induction a as [|b a IH]; intros [|v x]; cbn [dot forallb] in *; try reflexivity.
    apply andb_true_iff in Z as [Z1 Z2]. apply Z.eqb_eq in Z1. subst b. rewrite IH, of_Z_0 by exact Z2. ring.
Qed.

Lemma div_part b p : bound_value u (b * Zpos u / Zpos p) <= (of_Z b * part p : F).
Proof.
  unfold bound_value. apply (le_trans _ _ (of_Z (b * Zpos u) * part p * part u)); [apply scaled_le, div_le|].
  apply le_eq. rewrite of_Z_mul.
  replace (of_Z b * of_Z (Zpos u) * part p * part u) with (of_Z b * part p * (of_Z (Zpos u) * part u) : F) by ring.
  rewrite part_ok. ring.
Qed.

Lemma box_row_ok kn r (x : execution F) : region_ok kn x -> row_ok r (input x) -> region_ok (box_row u kn r) x.
Proof.
  intros R H. unfold box_row, row_ok in *. destruct (single 0 (snd r)) as [[j [|p|p]]|] eqn:E; try exact R;
    destruct (single_ok _ _ _ _ (input x) E) as (n & -> & D); cbn [Nat.add]; apply learn_ok; try exact R; rewrite D in H; fold (input x).
  - apply (le_trans _ _ _ _ (div_part _ _)). apply (cancel p).
    replace (of_Z (Zpos p) * (of_Z (- fst r) * part p)) with (of_Z (Zpos p) * (part p * of_Z (- fst r)) : F) by ring.
    rewrite part_l, of_Z_opp. apply (le_by (of_Z (fst r) + of_Z (Zpos p) * nth n (input x) 0)); [exact H | ring].
  - replace (bound_value u (- (- fst r * Zpos u / Zpos p))) with (- bound_value u (- fst r * Zpos u / Zpos p) : F)
      by (unfold bound_value; rewrite of_Z_opp; ring).
    apply (le_trans _ _ (- (of_Z (- fst r) * part p))); [|apply opp_le, div_part].
    apply (cancel p).
    replace (of_Z (Zpos p) * - (of_Z (- fst r) * part p)) with (- (of_Z (Zpos p) * (part p * of_Z (- fst r))) : F) by ring.
    rewrite part_l, of_Z_opp. change (Zneg p) with (- Zpos p)%Z in H. rewrite of_Z_opp in H.
    apply (le_by (of_Z (fst r) + - of_Z (Zpos p) * nth n (input x) 0)); [exact H | ring].
Qed.

Lemma unknown_ok (zs : list F) n : length zs = n -> Forall2 fact_ok (repeat unknown n) zs.
Proof. intros <-. induction zs; constructor; [split; exact I | assumption]. Qed.

Lemma start_ok (x : execution F) : runs net x -> in_domain (input x) -> region_ok (start u cl) x.
Proof.
  intros V [L D]. unfold start.
  assert (R : region_ok (nothing_known cl) x).
  { intros [|n] fs E; cbn [nothing_known nth_error] in E.
    - injection E as <-. apply unknown_ok, L.
    - apply nth_error_In in E as I. rewrite nth_error_map in E.
      destruct (nth_error (seq 0 (horizon (conditions cl))) n) as [i|] eqn:Ei; cbn [option_map] in E; [|discriminate].
      injection E as <-. apply nth_error_nth with (d := O) in Ei as Ni.
      assert (Hn : (n < horizon (conditions cl))%nat) by (rewrite <- (seq_length (horizon (conditions cl)) 0); apply nth_error_Some; congruence).
      rewrite seq_nth in Ni by exact Hn. subst i. apply unknown_ok, (run_width net x V). }
  revert R. generalize (nothing_known cl). induction D as [|r rs Hr D IH]; intros kn R; cbn [fold_left]; [exact R|].
  apply IH, box_row_ok; assumption.
Qed.

(** ** Rows *)
Section Kind.
Context {num : Type} (k : kind num) (val : num -> F) (good : sound u net k val) (get : path_row -> option (list num * num)).

Definition nonneg_row (r : list num * num) (x : list F) : Prop := 0 <= dot val (fst r) x + val (snd r).

Lemma dot_multiple m a (x : list F) : dot val (map (multiple k m) a) x = of_Z m * dot val a x.
Proof.
  rewrite dot_map. rewrite (dot_ext _ _ (fun c : num => val c * of_Z m)) by (intros; rewrite (multiple_ok u net k val good); ring).
  rewrite dot_factor. ring.
Qed.

Lemma top_le n h : (n <= top_of n h)%nat.
Proof. unfold top_of. destruct n; [lia|]. induction (betas h); cbn [fold_right]; lia. Qed.

Lemma split_row_ok kn n i (upper : bool) r (x : execution F) :
  runs net x -> accounted x -> region_ok kn x -> of_Z (if upper then -1 else 1) * nth i (befores x n) 0 <= 0 ->
  split_row u cl k kn n i upper = Some r -> nonneg_row r (input x).
Proof.
  intros V Acc R S. unfold split_row, unit_back. destruct (carry_back _ _ _ _ _ _ _ _ _ _) as [[a b]|] eqn:E; [|discriminate]. intros [= <-].
  pose proof (unit_back_ok k val u net lost good _ _ _ _ _ _ _ _ _ V Acc R (top_le _ _) E) as K. unfold nonneg_row; cbn [fst snd].
  rewrite dot_map. rewrite (dot_ext _ _ (fun c : num => val c * - (1))) by (intros; rewrite (opposite_ok u net k val good); ring).
  rewrite dot_factor, (opposite_ok u net k val good).
  replace (dot val a (input x) * - (1) + - val b) with (- (dot val a (input x) + val b)) by ring.
  apply nonpos_opp, (le_trans _ _ _ _ K S).
Qed.

Lemma cut_row_ok j c (above : bool) (x : list F) :
  (if above then bound_value u c <= nth j x 0 else nth j x 0 <= bound_value u c) -> nonneg_row (cut_row k j c above) x.
Proof.
  intros H. unfold nonneg_row, cut_row; cbn [fst snd].
  assert (One : forall j c (zs : list F), dot val (repeat (none k) j ++ [c]) zs = val c * nth j zs 0).
  { clear - good. induction j as [|j IH]; intros c [|z zs]; cbn [repeat app dot nth]; rewrite ?IH, ?(none_ok u net k val good); ring. }
  rewrite One, (whole_ok u net k val good), (known_ok u net k val good). destruct above.
  - apply (le_by (nth j x 0 - bound_value u c)); [apply nonneg_sub, H|]. unfold bound_value. rewrite of_Z_opp, of_Z_1. ring.
  - apply (le_by (bound_value u c - nth j x 0)); [apply nonneg_sub, H|].
    change (-1)%Z with (- (1))%Z. rewrite of_Z_opp, of_Z_1. ring.
Qed.

Definition path_ok (p : path) (x : list F) : Prop := forall r, In r p -> forall f, get r = Some f -> nonneg_row f x.

Lemma row_at_ok p index r (x : list F) : in_domain x -> path_ok p x -> row_at k get (domain cl) p index = Some r -> nonneg_row r x.
Proof.
  intros [_ D] P. revert index. induction D as [|q qs Hq D IH]; intros [|index]; cbn [row_at].
  - destruct (nth_error p 0) as [s|] eqn:E; [|discriminate]. intros G. apply (P s (nth_error_In _ _ E) _ G).
  - destruct (nth_error p (S index)) as [s|] eqn:E; [|discriminate]. intros G. apply (P s (nth_error_In _ _ E) _ G).
  - intros [= <-]. unfold nonneg_row, row_ok in *; cbn [fst snd]. rewrite dot_map, (whole_ok u net k val good).
    rewrite (dot_ext _ _ of_Z) by (intros; apply (whole_ok u net k val good)).
    apply (le_trans _ _ _ _ Hq), le_eq. ring.
  - apply IH.
Qed.

Lemma subtract_rows_ok p ms f g (x : list F) :
  in_domain x -> path_ok p x -> subtract_rows cl k get p ms f = Some g ->
  dot val (fst g) x + val (snd g) <= dot val (fst f) x + val (snd f).
Proof.
  intros D P. revert f; induction ms as [|[index m] ms IH]; intros f; cbn [subtract_rows]; [intros [= <-]; apply le_refl|].
  destruct (Z.ltb_spec m 0) as [M|M]; [discriminate|].
  destruct (row_at k get (domain cl) p index) as [[a b]|] eqn:E; [|discriminate]. intros G.
  pose proof (row_at_ok _ _ _ _ D P E) as N. unfold nonneg_row in N; cbn [fst snd] in N.
  apply (le_trans _ _ _ _ (IH _ G)). cbn [fst snd].
  rewrite (add_lists_ok k val u net good), dot_multiple, (plus_ok u net k val good), (multiple_ok u net k val good), of_Z_opp.
  apply (le_by (of_Z m * (dot val a x + val b))); [apply mul_nonneg; [apply of_Z_nonneg, M | exact N] | ring].
Qed.

Lemma corner_ok cs fs ts (x : list F) :
  Forall2 fact_ok fs x -> corner k cs fs = Some ts ->
  fold_right (fun t s => val (fst t) * bound_value u (snd t) + s) 0 ts <= dot val cs x.
Proof.
  revert fs ts x; induction cs as [|c cs IH]; intros fs ts x H; cbn [corner dot]; [intros [= <-]; apply le_refl|].
  pose proof (sign_ok u net k val good c) as S. destruct (sign k c).
  - intros E. destruct H as [|f v fs x Hf H]; cbn [tl] in E.
    + apply (le_trans _ _ _ _ (IH [] ts [] (Forall2_nil _) E)). rewrite dot_nil_r. apply le_refl.
    + apply (le_trans _ _ _ _ (IH _ _ _ H E)). rewrite S. apply le_eq. ring.
  - destruct H as [|[l h] v fs x [_ High] H]; [discriminate|]. cbn [fst snd] in High. destruct h as [h|]; [|destruct l; discriminate].
    intros E. assert (E' : option_map (cons (c, h)) (corner k cs fs) = Some ts) by (destruct l; exact E). clear E.
    destruct (corner k cs fs) as [us|] eqn:E; [|discriminate]. injection E' as <-. cbn [fold_right fst snd].
    apply add_le; [|apply (IH _ _ _ H E)].
    apply (le_by ((- val c) * (bound_value u h - v))); [apply mul_nonneg; [apply nonpos_opp, S | apply nonneg_sub, High] | ring].
  - destruct H as [|[l h] v fs x [Low _] H]; [discriminate|]. cbn [fst snd] in Low. destruct l as [l|]; [|discriminate].
    destruct (corner k cs fs) as [us|] eqn:E; [|discriminate]. intros [= <-]. cbn [fold_right fst snd].
    apply add_le; [apply mul_le_l; [apply lt_le, S | exact Low] | apply (IH _ _ _ H E)].
Qed.

Lemma least_over_ok kn p h f v (x : execution F) :
  in_domain (input x) -> region_ok kn x -> path_ok p (input x) -> least_over cl k get kn p h f = Some (Some v) ->
  val v <= dot val (fst f) (input x) + val (snd f).
Proof.
  intros D R P. unfold least_over. destruct (subtract_rows cl k get p (rows h) _) as [[a b]|] eqn:E; [|discriminate].
  destruct (corner k a (nth 0 kn [])) as [ts|] eqn:C; [|discriminate]. intros [= <-].
  apply (cancel (rows_den h)).
  apply (le_trans _ _ (dot val a (input x) + val b)).
  - replace (of_Z (Zpos (rows_den h)) * val (settle k (rows_den h) b ts)) with (val (settle k (rows_den h) b ts) * of_Z (Zpos (rows_den h))) by ring.
    apply (le_trans _ _ _ _ (settle_ok u net k val good _ _ _)).
    assert (K : fold_right (fun t s => val (fst t) * bound_value u (snd t) + s) 0 ts <= dot val a (input x)).
    { destruct (nth_error kn 0) as [fs|] eqn:N.
      - apply (corner_ok a fs); [apply (R _ _ N)|]. rewrite <- (nth_error_nth _ _ [] N). exact C.
      - rewrite nth_overflow in C by (apply nth_error_None, N).
        assert (Z : forall a ts x, corner k a [] = Some ts -> ts = [] /\ dot val a x = 0).
        { clear - good. induction a as [|c a IH]; intros ts x; cbn [corner dot]; [intros [= <-]; auto|].
          pose proof (sign_ok u net k val good c) as S. destruct (sign k c); try discriminate. intros G. destruct x as [|v x].
          - destruct (IH ts [] G) as [-> _]. auto.
          - destruct (IH ts x G) as [-> ->]. split; [reflexivity|]. rewrite S. ring. }
        destruct (Z a ts (input x) C) as [-> ->]. apply le_refl. }
    apply (le_trans _ _ (val b + dot val a (input x))); [apply le_add, K | apply le_eq; ring].
  - apply (le_trans _ _ _ _ (subtract_rows_ok _ _ _ _ _ D P E)). cbn [fst snd].
    rewrite dot_multiple, (multiple_ok u net k val good). apply le_eq. ring.
Qed.

Lemma unit_least_ok kn p h n i (upper : bool) v (x : execution F) :
  runs net x -> accounted x -> in_domain (input x) -> region_ok kn x -> path_ok p (input x) -> unit_least u cl k get kn p h n i upper = Some (Some v) ->
  bound_value u v <= of_Z (if upper then -1 else 1) * nth i (befores x n) 0.
Proof.
  intros V Acc D R P. unfold unit_least, unit_back. destruct (carry_back _ _ _ _ _ _ _ _ _ _) as [[a b]|] eqn:E; [|discriminate].
  destruct (least_over cl k get kn p h (a, b)) as [[w|]|] eqn:E2; cbn [option_map]; try discriminate. intros [= <-].
  apply (le_trans _ _ (val w)); [apply (down_ok u net k val good)|].
  apply (le_trans _ _ _ _ (least_over_ok _ _ _ _ _ _ D R P E2)). apply (unit_back_ok k val u net lost good _ _ _ _ _ _ _ _ _ V Acc R (top_le _ _) E).
Qed.

(** ** Conditions *)
Lemma total_part c m (x : execution F) n :
  (place c <= n)%nat ->
  total_value val (Function (fun n => part_of k c m n false) (fun n => part_of k c m n true)) x n
  = - of_Z m * dot of_Z (terms c) (if after_relu c then afters x (place c) else befores x (place c)) .
Proof.
  set (f := Function _ _).
  assert (FB : forall j, at_before f j = part_of k c m j false) by reflexivity.
  assert (FA : forall j, at_after f j = part_of k c m j true) by reflexivity. clearbody f.
  assert (D : forall zs : list F, dot val (map (fun t => whole k (- (m * t))) (terms c)) zs = - of_Z m * dot of_Z (terms c) zs).
  { intros zs. rewrite dot_map. rewrite (dot_ext _ _ (fun t : Z => of_Z t * - of_Z m)).
    - rewrite dot_factor. ring.
    - intros t _. rewrite (whole_ok u net k val good), of_Z_opp, of_Z_mul. ring. }
  assert (Before : forall i, (i < place c)%nat -> total_value val f x i = 0).
  { assert (Away : forall j b, (j < place c)%nat -> part_of k c m j b = []).
    { intros j b H. unfold part_of. destruct (Nat.eqb_spec (place c) j); [lia | reflexivity]. }
    induction i as [|i IH]; intros H; cbn [total_value]; rewrite FA, FB, !Away by lia; cbn [dot]; [ring|].
    rewrite IH by lia. ring. }
  intros H. induction n as [|n IH].
  - assert (P : place c = O) by lia. cbn [total_value]; rewrite FA, FB; unfold part_of. rewrite P; cbn [Nat.eqb andb].
    destruct (after_relu c); cbn [Bool.eqb dot]; rewrite D; ring.
  - cbn [total_value]. destruct (Nat.eq_dec (place c) (S n)) as [P|P].
    + rewrite Before by lia. rewrite FA, FB; unfold part_of. rewrite P, Nat.eqb_refl; cbn [andb].
      destruct (after_relu c); cbn [Bool.eqb dot]; rewrite D; ring.
    + rewrite IH by lia. rewrite FA, FB; unfold part_of. destruct (Nat.eqb_spec (place c) (S n)); [lia|]. cbn [andb dot]. ring.
Qed.

Lemma total_sum f g h (x : execution F) n :
  (forall j, at_before h j = add_lists k (at_before f j) (at_before g j)) ->
  (forall j, at_after h j = add_lists k (at_after f j) (at_after g j)) ->
  total_value val h x n = total_value val f x n + total_value val g x n.
Proof.
  intros B A. induction n as [|n IH]; cbn [total_value]; rewrite A, B, !(add_lists_ok k val u net good); [ring | rewrite IH; ring].
Qed.

Lemma minus_conditions_ok mu (x : execution F) n :
  Forall (fun cm : condition * Z => (place (fst cm) <= n)%nat) mu ->
  total_value val (minus_conditions k mu) x n + val (minus_constants k mu)
  <= fold_right (fun cm s => - of_Z (snd cm) * condition_value (fst cm) x + s) 0 mu.
Proof.
  induction 1 as [|[c m] mu P H IH].
  - cbn [minus_constants fold_right]. rewrite (none_ok u net k val good). apply le_eq.
    assert (Z : total_value val (minus_conditions k []) x n = 0); [|rewrite Z; ring].
    induction n as [|n IHn]; cbn [total_value minus_conditions at_before at_after fold_right dot]; [ring|].
    fold (minus_conditions k []). rewrite IHn. ring.
  - cbn [minus_constants fold_right fst snd] in *. rewrite (plus_ok u net k val good).
    assert (T : total_value val (minus_conditions k ((c, m) :: mu)) x n
                = total_value val (Function (fun n => part_of k c m n false) (fun n => part_of k c m n true)) x n
                  + total_value val (minus_conditions k mu) x n).
    { apply total_sum; reflexivity. }
    rewrite T, total_part by exact P.
    match type of IH with ?a <= ?b => set (rest := b) in * end.
    pose proof (ratio_ok u net k val good (- (m * constant c)) (constant_den c)) as Rt. rewrite of_Z_opp, of_Z_mul in Rt.
    fold (minus_constants k mu).
    apply (le_trans _ _ ((- of_Z m * dot of_Z (terms c) (if after_relu c then afters x (place c) else befores x (place c))
                          + - (of_Z m * of_Z (constant c)) * part (constant_den c))
                         + (total_value val (minus_conditions k mu) x n + val (minus_constants k mu)))).
    + apply (le_by (- (of_Z m * of_Z (constant c)) * part (constant_den c)
                    - val (ratio k (- (m * constant c)) (constant_den c)))); [apply nonneg_sub, Rt | ring].
    + apply add_le; [|exact IH]. apply le_eq. unfold condition_value. ring.
Qed.

Lemma refutes_ok kn p h mu (x : execution F) :
  runs net x -> accounted x -> in_domain (input x) -> region_ok kn x -> path_ok p (input x) -> run_has_property x ->
  (forall cm, In cm mu -> In (fst cm) (conditions cl) /\ (0 <= snd cm)%Z) ->
  refutes u cl k get kn p h mu = Some true -> False.
Proof.
  intros Run Acc D R P H M. unfold refutes.
  destruct (carry_back _ _ _ _ _ _ _ _ _ _) as [[a b]|] eqn:E; [|discriminate].
  destruct (least_over cl k get kn p h (a, b)) as [[v|]|] eqn:E2; try discriminate. intros [= S].
  pose proof (carry_back_ok k val u net lost good _ _ _ _ _ _ _ _ _ Run Acc R E) as K1.
  pose proof (least_over_ok _ _ _ _ _ _ D R P E2) as K2. cbn [fst snd dot] in *.
  assert (Top : Forall (fun cm : condition * Z => (place (fst cm) <= reach (conditions cl))%nat) mu).
  { apply Forall_forall. intros cm I. destruct (M cm I) as [In_ _]. unfold reach. clear - In_.
    induction (conditions cl) as [|c cs IH]; cbn [fold_right]; [destruct In_|].
    destruct In_ as [->|In_]; [lia | specialize (IH In_); lia]. }
  pose proof (minus_conditions_ok mu x _ Top) as K3.
  set (sum := fold_right (fun cm s => - of_Z (snd cm) * condition_value (fst cm) x + s) 0 mu) in *.
  assert (V : val v <= sum).
  { apply (le_trans _ _ _ _ K2), (le_trans _ _ _ _ K1). apply (le_trans _ _ _ _ (le_eq _ _ (eq_refl _))).
    apply (le_trans _ _ (total_value val (minus_conditions k mu) x (reach (conditions cl)) + val (minus_constants k mu)));
      [apply le_eq; ring | exact K3]. }
  unfold run_has_property in H. rewrite Forall_forall in H.
  assert (Each : forall cm, In cm mu -> - of_Z (snd cm) * condition_value (fst cm) x <= 0 /\
            (strict (fst cm) && (0 <? snd cm)%Z = true -> - of_Z (snd cm) * condition_value (fst cm) x < 0)).
  { intros [c m] I. destruct (M _ I) as [Ic Im]. cbn [fst snd] in *. specialize (H c Ic). unfold holds in H.
    assert (G : 0 <= condition_value c x) by (destruct (strict c); [apply lt_le, H | exact H]).
    split.
    - apply (le_by (of_Z m * condition_value c x)); [apply mul_nonneg; [apply of_Z_nonneg, Im | exact G] | ring].
    - intros St. apply andb_true_iff in St as [St Mp]. apply Z.ltb_lt in Mp. rewrite St in H.
      destruct m as [|m|m]; try lia. intros Neg. apply H, (positive_mul_nonpos m).
      apply (le_by (- of_Z (Zpos m) * condition_value c x)); [exact Neg | ring]. }
  assert (Sum : sum <= 0 /\ (existsb (fun cm => strict (fst cm) && (0 <? snd cm)%Z) mu = true -> sum < 0)).
  { unfold sum. clear - Each. induction mu as [|cm mu IH]; cbn [fold_right existsb].
    - split; [apply le_refl | discriminate].
    - destruct (Each cm (or_introl eq_refl)) as [A1 A2]. destruct IH as [I1 I2]; [intros c I; apply Each; right; exact I|].
      set (rest := fold_right (fun cm s => - of_Z (snd cm) * condition_value (fst cm) x + s) 0 mu) in *.
      set (this := - of_Z (snd cm) * condition_value (fst cm) x) in *. split.
      + apply (le_trans _ _ (0 + 0)); [apply add_le; assumption | apply le_eq; ring].
      + intros O. apply orb_true_iff in O as [O|O].
        * specialize (A2 O). intros G. apply A2. apply (le_trans _ _ (this + rest)); [exact G|].
          apply (le_trans _ _ (this + 0)); [apply le_add, I1 | apply le_eq; ring].
        * specialize (I2 O). intros G. apply I2. apply (le_trans _ _ (this + rest)); [exact G|].
          apply (le_trans _ _ (0 + rest)); [apply add_le; [exact A1 | apply le_refl] | apply le_eq; ring]. }
  destruct Sum as [S1 S2]. pose proof (sign_ok u net k val good v) as Sv. destruct (sign k v); [|discriminate|].
  - apply (S2 S). rewrite <- Sv. exact V.
  - apply Sv, (le_trans _ _ _ _ V S1).
Qed.
End Kind.

(** ** Both kinds *)
Definition on_path (r : path_row) (x : execution F) : Prop :=
  match r with
  | SplitRow kn n i upper f =>
      region_ok kn x /\ of_Z (if upper then -1 else 1) * nth i (befores x n) 0 <= 0 /\ f = split_row u cl fx kn n i upper
  | CutRow j c above => if above : bool then bound_value u c <= nth j (input x) 0 else nth j (input x) 0 <= bound_value u c
  end.

Lemma fixed_path p (x : execution F) :
  runs net x -> accounted x -> Forall (fun r => on_path r x) p -> path_ok (bound_value u) (fixed_row fx) p (input x).
Proof.
  intros V Acc H r I f G. rewrite Forall_forall in H. specialize (H r I). destruct r as [kn n i upper s|j c above]; cbn [fixed_row on_path] in *.
  - destruct H as (R & S & ->). exact (split_row_ok _ _ fixed_good _ _ _ _ _ _ V Acc R S G).
  - injection G as <-. apply (cut_row_ok _ _ fixed_good), H.
Qed.
Lemma exact_path p (x : execution F) :
  runs net x -> accounted x -> Forall (fun r => on_path r x) p -> path_ok q_value (exact_row u cl ex) p (input x).
Proof.
  intros V Acc H r I f G. rewrite Forall_forall in H. specialize (H r I). destruct r as [kn n i upper s|j c above]; cbn [exact_row on_path] in *.
  - destruct H as (R & S & _). exact (split_row_ok _ _ exact_good _ _ _ _ _ _ V Acc R S G).
  - injection G as <-. apply (cut_row_ok _ _ exact_good), H.
Qed.

Theorem bound_of_ok kn p e h n i (upper : bool) v (x : execution F) :
  runs net x -> accounted x -> in_domain (input x) -> region_ok kn x -> Forall (fun r => on_path r x) p -> bound_of u cl fx ex kn p e h n i upper = Some (Some v) ->
  bound_value u v <= of_Z (if upper then -1 else 1) * nth i (befores x n) 0.
Proof.
  intros V Acc D R P. destruct e; cbn [bound_of].
  - apply (unit_least_ok _ _ exact_good); auto. apply exact_path; assumption.
  - apply (unit_least_ok _ _ fixed_good); auto. apply fixed_path; assumption.
Qed.

Theorem refuted_ok kn p e h mu (x : execution F) :
  runs net x -> accounted x -> in_domain (input x) -> region_ok kn x -> Forall (fun r => on_path r x) p -> run_has_property x ->
  (forall cm, In cm mu -> In (fst cm) (conditions cl) /\ (0 <= snd cm)%Z) ->
  refuted u cl fx ex kn p e h mu = Some true -> False.
Proof.
  intros V Acc D R P H M. destruct e; cbn [refuted].
  - apply (refutes_ok _ _ exact_good) with (x := x); auto. apply exact_path; assumption.
  - apply (refutes_ok _ _ fixed_good) with (x := x); auto. apply fixed_path; assumption.
Qed.
End Sound.
