using System.Collections.Frozen;

namespace Halo.Inference.Tokenization;

/// <summary>End-of-text and end-of-turn tokens of published models, which files often do not declare; a model that emits one is done.</summary>
internal static class EndTokenTexts
{
    private static readonly FrozenSet<string> s_texts = FrozenSet.ToFrozenSet(
        [
            "</s>", "<eos>", "[EOS]", "<|endoftext|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>",
            "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<end_of_utterance>", "<turn|>", "<EOT>", "_<EOT>", "[EOT]",

            // Where a model that fills gaps in code goes on, it has left the text it was given.
            "<|fim_pad|>", "<fim_pad>", "<|repo_name|>", "<|file_sep|>",
        ],
        StringComparer.Ordinal);

    internal static bool Contains(string text) => s_texts.Contains(text);
}
