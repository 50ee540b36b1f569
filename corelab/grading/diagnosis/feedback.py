"""What a student is told about each mistake.

What happens, why it is wrong (or not), and how to think on.
"""

from corelab.common.i18n import N_

HELPS = {
    "ascends": N_(
        "The parameters go up the slope: the loss grows. The gradient points to where the loss "
        "rises fastest; on which side of it does the minimum lie? Follow the sign of your update "
        "by hand for C(θ) = θ² at θ = 1."
    ),
    "no-bias-correction": N_(
        "m or v is used as it is, and both start at 0: the first ones are far too small, and so "
        "the first steps too small or too large. Compute m and v of step 1 for a gradient of 1: "
        "how large should they be?"
    ),
    "bias-correction-off-by-one": N_(
        "The correction uses another t than the number of gradients that m and v have taken in. "
        "At the first step they hold one: what must t be then? Print t where you count it and "
        "where you use it."
    ),
    "betas-swapped": N_(
        "Each β stands where the other belongs: the mean of the gradients forgets slowly, the "
        "mean of the squares fast. Which of the two should remember longer, and which of betas "
        "is that?"
    ),
    "eps-inside-sqrt": N_(
        "ε stands under the root, where 10⁻⁸ becomes 10⁻⁴: weights with small gradients slow "
        "down. (Some libraries have it there for Adagrad and RMSprop.) With gradients of 10⁻⁶: "
        "how large is what ε adds, in the formula and in yours, beside √v?"
    ),
    "eps-missing": N_(
        "Nothing is added to the root. A weight whose gradients were all 0 is divided by 0, and "
        "one with tiny gradients takes full steps. Try a gradient of 0 and one of 10⁻¹⁰: what "
        "should their steps be?"
    ),
    "sqrt-missing": N_(
        "The step is divided by the squares themselves, not by their root, so that a gradient "
        "twice as large gives half the step. What is the unit of g², and what must g be divided "
        "by to have no unit left?"
    ),
    "no-accumulation": N_(
        "Only the last gradient counts: what was kept of the earlier ones is overwritten. Print "
        "the state after three steps with gradients 1, 0, 0: what of the 1 should be left?"
    ),
    "accumulates-gradient-not-square": N_(
        "The gradient is taken in where its square belongs: gradients of both signs cancel, or "
        "the root is taken of what is no square. For gradients +1, −1, +1, −1, which state stays "
        "at 0, and should it?"
    ),
    "average-instead-of-sum": N_(
        "A mean of the squares is kept, where Adagrad sums them up: the steps do not shrink as "
        "the run goes on. With gradients of 1 all the time: what is the step after 100 steps, "
        "and what does the formula say?"
    ),
    "sum-instead-of-average": N_(
        "What is taken in is not weighed by 1 − β: a sum is kept where a mean belongs, many "
        "times as large. With gradients of 1 all the time: to which value should the state go?"
    ),
    "momentum-dampened": N_(
        "Only the part 1 − λ of the gradient goes into v, so that every step is shorter by this "
        "factor. With gradients of 1 all the time: what does v go to by the formula, and what "
        "does yours go to?"
    ),
    "momentum-sign": N_(
        "The earlier steps count with the wrong sign: they brake where they should carry on. "
        "With two gradients of 1, should the second step be longer or shorter than the first?"
    ),
    "lr-inside-buffer": N_(
        "The learning rate goes into v, as in the course and in Keras; torch.optim multiplies v "
        "by it. The same way as long as the rate stays the same: after a change of it, your v "
        "still holds the old one."
    ),
    "lr-outside-buffer": N_(
        "v is multiplied by the learning rate, as in torch.optim; the course has the rate in v. "
        "The same way as long as the rate stays the same: after a change of it, your steps "
        "change at once."
    ),
    "state-shared-across-parameters": N_(
        "Several parameters share one state: each takes in the others' gradients. How many v "
        "does a model of two layers need? Print the identity of the state that each parameter is "
        "updated with."
    ),
    "step-counted-per-parameter": N_(
        "t grows with every parameter, not with every step: with five parameters it is 5 after "
        "one step, and the correction fades too early. Where in your loops is it counted?"
    ),
    "weight-decay-coupled": N_(
        "The decay goes through the gradient, so that m and v take it in and divide it away "
        "again. What does the W of AdamW stand for, and to what should the decay be applied?"
    ),
    "weight-decay-after-update": N_(
        "The weights decay after the update, so that the update itself is shrunk, too. From "
        "which θ does the formula take the decay: the one before the step, or the one behind it?"
    ),
    "ignores-param-groups": N_(
        "Parameter groups are not heeded: a rate that only one group has, or one that was "
        "changed, has no effect; or a group is not updated. Where does your step read the rate, "
        "how often, and from which group?"
    ),
    "state-not-in-state-dict": N_(
        "After a save and a load some of the state is gone and starts anew. state_dict() knows "
        "what is kept in self.state[p] and in param_groups: where do you keep yours?"
    ),
    "changes-gradient-in-place": N_(
        "step() changes p.grad itself. Where nobody sets it to zero, the next step goes on with "
        "a changed gradient. Which of your operations end in an underscore or an assignment, and "
        "on what do they work?"
    ),
    "skips-none-grad-wrongly": N_(
        "A parameter without a gradient is not merely left out: it moves on, or others are not "
        "updated because of it. Some layers get no gradient in some steps: what should happen to "
        "them, and to those behind them?"
    ),
    "eps-elsewhere": N_(
        "ε is added before the correction of v, not after it: the ε̂ of the paper's section 2, "
        "as in Keras. Nearly the same way; weights with gradients about as small as ε go "
        "another."
    ),
    "eps-other": N_(
        "Another ε than the reference's: libraries differ in it (10⁻¹⁰, 10⁻⁸, 10⁻⁷, 10⁻⁶). "
        "Nearly the same way; weights with gradients about as small as ε go another."
    ),
    "steps-counted-by-call": N_(
        "t counts the calls of step, not the updates of each parameter. The same way, but for "
        "parameters which had no gradient at some steps."
    ),
}
