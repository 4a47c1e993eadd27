(** General position: points near each other, signs that stay, and how to get from any point of a convex set that holds a ball to a point
    close to it at which finitely many affine functions are not zero (those that are zero everywhere apart).  Without topology: an ordered
    field will do. *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers Field Network Unrelu.
Import ListNotations.

Section Position.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).

Hypothesis inverse : divides F.

(** ** Points near each other; a ball is a cube *)
Definition near (e : F) : list F -> list F -> Prop := Forall2 (fun a b => a <= b + e /\ b <= a + e).

Lemma near_length e x y : near e x y -> length y = length x.
Proof. intros N. symmetry. exact (same_length _ _ _ _ _ N). Qed.

Lemma near_refl e x : 0 <= e -> near e x x.
Proof. intros E. induction x as [|a x IH]; constructor; [|exact IH]. split; apply (le_by e); try exact E; ring. Qed.

Lemma near_trans d e x y z : near d x y -> near e y z -> near (d + e) x z.
Proof.
  intros N; revert z. induction N as [|a b x y [A B] N IH]; intros z M; inversion M as [|? c ? z' [C D] M']; subst; constructor; [|apply IH, M'].
  split.
  - apply (le_trans _ _ (b + d)); [exact A|]. apply (le_by (c + e - b)); [apply nonneg_sub, C | ring].
  - apply (le_trans _ _ (b + e)); [exact D|]. apply (le_by (a + d - b)); [apply nonneg_sub, B | ring].
Qed.

Lemma near_more d e x y : d <= e -> near d x y -> near e x y.
Proof.
  intros L N. replace e with (d + (e - d)) by ring. apply (near_trans _ _ x y y N), near_refl, nonneg_sub, L.
Qed.

(** An affine function changes little between points that are near. *)
Lemma steepness (cs : list F) :
  exists m, 0 <= m /\ forall e x y, 0 <= e -> near e x y -> dot (fun c : F => c) cs x <= dot (fun c : F => c) cs y + e * m.
Proof.
  induction cs as [|c cs (m & M & IH)].
  - exists 0. split; [apply le_refl|]. intros e x y _ _. apply le_eq. cbn [dot]. ring.
  - assert (S : exists k, 0 <= k /\ forall e a b, a <= b + e -> b <= a + e -> c * a <= c * b + e * k).
    { destruct (total 0 c) as [C|C].
      - exists c. split; [exact C|]. intros e a b A _. apply (le_trans _ _ (c * (b + e))); [apply mul_le_l; assumption | apply le_eq; ring].
      - exists (- c). split; [apply nonpos_opp, C|]. intros e a b _ B. apply (le_by (- c * (a + e - b))); [|ring].
        apply mul_nonneg; [apply nonpos_opp, C | apply nonneg_sub, B]. }
    destruct S as (k & K & S). exists (k + m). split; [apply add_nonneg; assumption|].
    intros e x y E N. destruct N as [|a b x y [A B] N]; cbn [dot].
    + apply (le_by (e * (k + m))); [apply mul_nonneg, add_nonneg; assumption | ring].
    + apply (le_trans _ _ ((c * b + e * k) + (dot (fun c : F => c) cs y + e * m))); [|apply le_eq; ring].
      apply add_le; [apply S; assumption | apply IH; assumption].
Qed.

Lemma stay_positive (f : form) x : 0 < value f x -> exists e, 0 < e /\ forall y, near e x y -> 0 < value f y.
Proof.
  intros H. destruct (steepness (fst f)) as (m & M & S). destruct (small inverse (value f x) m H M) as (e & E & B).
  exists e. split; [exact E|]. intros y N K. apply B.
  apply (le_trans _ _ (value f y + e * m)).
  - unfold value. apply (le_trans _ _ (dot (fun c : F => c) (fst f) y + e * m + snd f)); [|apply le_eq; ring].
    replace (dot (fun c : F => c) (fst f) x + snd f) with (snd f + dot (fun c : F => c) (fst f) x) by ring.
    replace (dot (fun c : F => c) (fst f) y + e * m + snd f) with (snd f + (dot (fun c : F => c) (fst f) y + e * m)) by ring.
    apply le_add, S; [apply lt_le, E | exact N].
  - apply (le_by (- value f y)); [apply nonpos_opp, K | ring].
Qed.

(** What is positive or negative at x is so at y. *)
Definition keeps_sign (f : form) (x y : list F) : Prop := (0 < value f x -> 0 < value f y) /\ (value f x < 0 -> value f y < 0).
Definition keeps (fs : list form) (x y : list F) : Prop := forall f, In f fs -> keeps_sign f x y.

Lemma keeps_sign_trans (f : form) x y z : keeps_sign f x y -> keeps_sign f y z -> keeps_sign f x z.
Proof. intros [P N] [Q M]. split; auto. Qed.

Lemma keeps_sign_back (f : form) x y : (value f x = 0 -> value f y = 0) -> keeps_sign f x y -> keeps_sign f y x.
Proof.
  intros Z [P N]. destruct (sign (value f x)) as [H|[H|H]].
  - split; [intros _; exact H | intros K; destruct (K (lt_le _ _ (P H)))].
  - split; [intros K; destruct (K (lt_le _ _ (N H))) | intros _; exact H].
  - rewrite <- (Z H) in H. unfold keeps_sign. rewrite H. auto.
Qed.

Lemma stay fs x : exists e, 0 < e /\ forall y, near e x y -> keeps fs x y.
Proof.
  induction fs as [|f fs (e & E & IH)]; [exists 1; split; [apply positive_1 | intros y _ f []]|].
  assert (One : exists d, 0 < d /\ forall y, near d x y -> keeps_sign f x y).
  { destruct (sign (value f x)) as [H|[H|H]].
    - destruct (stay_positive f x H) as (d & D & S). exists d. split; [exact D|]. intros y N. split; [intros _; apply S, N|].
      intros K. destruct (K (lt_le _ _ H)).
    - destruct (stay_positive (negative f) x) as (d & D & S); [rewrite value_negative; apply negative_opp, H|].
      exists d. split; [exact D|]. intros y N. split; [intros K; destruct (K (lt_le _ _ H))|]. intros _.
      apply negative_opp. rewrite <- value_negative. apply S, N.
    - exists 1. split; [apply positive_1|]. intros y _. unfold keeps_sign. rewrite H. split; intros K; destruct (K (le_refl _ _)). }
  destruct One as (d & D & One). destruct (smaller d e D E) as (c & C & L & M). exists c. split; [exact C|].
  intros y N g [<-|I]; [apply One, (near_more c), N; exact L | apply IH; [apply (near_more c); assumption | exact I]].
Qed.

(** ** General position: no function is zero at the point unless it is zero everywhere *)
Definition vanishes (f : form) (d : nat) : Prop := forall z, length z = d -> value f z = 0.
Definition regular (fs : list form) (x : list F) : Prop := forall f, In f fs -> value f x = 0 -> vanishes f (length x).

Lemma tilt (cs x : list F) e :
  0 < e -> (forall z, length z = length x -> dot (fun c : F => c) cs z = 0) \/
           exists z, near e x z /\ dot (fun c : F => c) cs z <> dot (fun c : F => c) cs x.
Proof.
  intros E. revert x; induction cs as [|c cs IH]; intros [|a x]; try (left; reflexivity).
  - left. intros [|b z] L; [reflexivity | discriminate].
  - destruct (zero_or_not c) as [->|C].
    + destruct (IH x) as [H|(z & N & H)]; [left | right].
      * intros [|b z] L; [reflexivity|]. injection L as L. cbn [dot]. rewrite (H z L). ring.
      * exists (a :: z). split; [constructor; [|exact N]; split; apply (le_by e); try apply lt_le, E; ring|].
        cbn [dot]. intros Q. apply H.
        replace (dot (fun c : F => c) cs z) with (0 * a + dot (fun c : F => c) cs z) by ring. rewrite Q. ring.
    + right. exists ((a + e) :: x). split.
      * constructor; [|apply near_refl, lt_le, E]. split; [apply (le_by (e + e)) | apply (le_by 0)]; try ring; [|apply le_refl].
        apply add_nonneg; apply lt_le, E.
      * cbn [dot]. intros Q. apply C, (mul_zero inverse e _ E).
        replace (e * c) with (c * (a + e) + dot (fun c : F => c) cs x - (c * a + dot (fun c : F => c) cs x)) by ring. rewrite Q. ring.
Qed.

Lemma keeps_sign_zero f x y : keeps_sign f x y -> value f y = 0 -> value f x = 0.
Proof.
  intros [P N] Z. rewrite Z in P, N.
  destruct (sign (value f x)) as [H|[H|H]]; [destruct (P H (le_refl _ _)) | destruct (N H (le_refl _ _)) | exact H].
Qed.

Lemma regular_keeps fs x y : length y = length x -> regular fs x -> keeps fs x y -> regular fs y.
Proof. intros L R K f I Z. rewrite L. apply (R f I), (keeps_sign_zero f x y (K f I) Z). Qed.

(** Every ball has a point in general position. *)
Lemma move_off fs x e : 0 < e -> exists y, near e x y /\ regular fs y.
Proof.
  revert e; induction fs as [|f fs IH]; intros e E; [exists x; split; [apply near_refl, lt_le, E | intros f []]|].
  destruct (half e E) as (h & H & <-). destruct (IH h H) as (y & N & R).
  destruct (stay fs y) as (k & K & S). destruct (smaller h k H K) as (d & D & Dh & Dk).
  destruct (zero_or_not (value f y)) as [Z|Z].
  - destruct (tilt (fst f) y d D) as [V|(z & M & V)].
    + exists y. split; [apply (near_more h), N; apply (le_by h); [apply lt_le, H | ring]|]. intros g [<-|I]; [|apply R, I].
      intros _ z L. rewrite <- Z. unfold value. rewrite (V z L), (V y eq_refl). reflexivity.
    + exists z. split; [apply (near_trans _ _ x y z N), (near_more d h); assumption|]. intros g [<-|I].
      * intros Q. exfalso. apply V. unfold value in Q, Z.
        replace (dot (fun c : F => c) (fst f) z) with (dot (fun c : F => c) (fst f) z + snd f - snd f) by ring. rewrite Q, <- Z. ring.
      * apply (regular_keeps fs y z (near_length _ _ _ M) R); [apply S, (near_more d k); assumption | exact I].
  - exists y. split; [apply (near_more h), N; apply (le_by h); [apply lt_le, H | ring]|]. intros g [<-|I]; [|apply R, I].
    intros Q. destruct (Z Q).
Qed.

(** ** From a point towards another *)
Definition between (t : F) (x y : list F) : list F := vadd (map (mul (1 - t)) x) (map (mul t) y).

Lemma value_between f t x y : length x = length y -> value f (between t x y) = (1 - t) * value f x + t * value f y.
Proof.
  intros L. unfold value, between.
  enough (D : forall cs, dot (fun c : F => c) cs (vadd (map (mul (1 - t)) x) (map (mul t) y)) =
                         (1 - t) * dot (fun c : F => c) cs x + t * dot (fun c : F => c) cs y) by (rewrite D; ring).
  revert y L; induction x as [|a x IH]; intros [|b y] L [|c cs]; try discriminate; cbn [map vadd dot]; try ring.
  injection L as L. rewrite (IH y L). ring.
Qed.

Lemma length_between t x y : length x = length y -> length (between t x y) = length x.
Proof.
  unfold between. revert y; induction x as [|a x IH]; intros [|b y] L; try discriminate; cbn; [reflexivity|].
  injection L as L. rewrite (IH y L). reflexivity.
Qed.

Lemma apart (x y : list F) : length x = length y -> exists m, 0 <= m /\ near m x y.
Proof.
  revert y; induction x as [|a x IH]; intros [|b y] L; try discriminate; [exists 0; split; [apply le_refl | constructor]|].
  injection L as L. destruct (IH y L) as (m & M & N).
  assert (A : exists k, 0 <= k /\ a <= b + k /\ b <= a + k).
  { destruct (total a b) as [H|H]; pose proof (nonneg_sub _ _ H) as K; [exists (b - a) | exists (a - b)]; (split; [exact K|]);
      split; solve [apply le_eq; ring | eapply le_by; [exact (add_nonneg _ _ K K) | ring]]. }
  destruct A as (k & K & A). exists (k + m). split; [apply add_nonneg; assumption|]. constructor.
  - destruct A as [A B]. split; [apply (le_trans _ _ (b + k)) | apply (le_trans _ _ (a + k))]; try assumption; apply (le_by m); try exact M; ring.
  - apply (near_more m); [apply (le_by k); [exact K | ring] | exact N].
Qed.

Lemma near_between e x y : 0 < e -> length x = length y -> exists t, 0 < t /\ 0 < 1 - t /\ near e x (between t x y).
Proof.
  intros E L. destruct (apart x y L) as (m & M & N). destruct (small inverse e m E M) as (s & S & B).
  destruct (half (1 : F) positive_1) as (h & H & HH). destruct (smaller s h S H) as (t & T & Ts & Th).
  exists t. split; [exact T|]. split.
  - apply (lt_le_trans _ h); [exact H|]. apply (le_by (h - t)); [apply nonneg_sub, Th|]. rewrite <- HH. ring.
  - apply (near_more (t * m)).
    + apply (le_trans _ _ (s * m)); [apply mul_le_r; assumption | apply lt_le, B].
    + clear - T N. unfold between. induction N as [|a b x y [A B] N IH]; cbn [map vadd]; constructor; [|exact IH]. apply lt_le in T. split.
      * apply (le_by (t * (b + m - a))); [apply mul_nonneg, nonneg_sub; assumption | ring].
      * apply (le_by (t * (a + m - b))); [apply mul_nonneg, nonneg_sub; assumption | ring].
Qed.

Lemma keeps_sign_scaled (f : form) m x y : 0 < m -> value f y = m * value f x -> keeps_sign f x y.
Proof.
  intros M E. unfold keeps_sign. rewrite E. split; intros H; [apply (mul_positive inverse); assumption|].
  apply negative_opp. replace (- (m * value f x)) with (m * - value f x) by ring. apply (mul_positive inverse); [exact M | apply negative_opp, H].
Qed.

Lemma keeps_sign_between (f : form) t x y z :
  length y = length z -> 0 < t -> 0 < 1 - t -> keeps_sign f x y -> keeps_sign f x z -> keeps_sign f x (between t y z).
Proof.
  intros L T T' [P N] [Q M]. unfold keeps_sign. rewrite (value_between f t y z L). split; intros H.
  - apply add_positive; [apply (mul_positive inverse); auto | apply mul_nonneg; apply lt_le; auto].
  - apply negative_opp. replace (- ((1 - t) * value f y + t * value f z)) with ((1 - t) * - value f y + t * - value f z) by ring.
    specialize (N H). specialize (M H). apply negative_opp in N, M.
    apply add_positive; [apply (mul_positive inverse); assumption | apply mul_nonneg; apply lt_le; assumption].
Qed.

(** Close to x, towards a point in general position: a point in general position that has no strict sign of x changed. *)
Lemma towards fs x p :
  length x = length p -> regular fs p ->
  exists t, 0 < t /\ 0 < 1 - t /\ keeps fs x (between t x p) /\ regular fs (between t x p).
Proof.
  intros L R. destruct (stay fs x) as (e & E & S). destruct (near_between e x p E L) as (t & T & T' & N).
  exists t. repeat (split; [assumption|]). split; [apply S, N|]. intros f I Z. rewrite (length_between _ _ _ L), L. apply (R f I).
  apply (mul_zero inverse t _ T). pose proof (keeps_sign_zero f x _ (S _ N f I) Z) as H. rewrite value_between, H in Z by exact L.
  rewrite <- Z. ring.
Qed.
End Position.
