using System.Collections.Frozen;

namespace Halo.Inference.Tokenization.Splitting;

/// <summary>The ways to cut words that <c>tokenizer.ggml.pre</c> can name.</summary>
internal static class PreTokenizers
{
    /// <summary>What files without the key mean.</summary>
    internal const string Default = "default";

    private static readonly PreTokenizer s_gpt2 = new(WordRules.Gpt2);
    private static readonly PreTokenizer s_digits = new(RunRules.Digit, WordRules.Gpt2);
    private static readonly PreTokenizer s_llama3 = new(WordRules.Llama3) { IgnoresMerges = true, AddBos = true };
    private static readonly PreTokenizer s_qwen2 = new(WordRules.Qwen2);

    private static readonly FrozenDictionary<string, PreTokenizer> s_known = new Dictionary<string, PreTokenizer>
    {
        [Default] = new(RunRules.Signals, WordRules.Gpt2, RunRules.Digits, RunRules.ExactlyThreeDigits),
        ["gpt-2"] = s_gpt2,
        ["phi-2"] = s_gpt2,
        ["mpt"] = s_gpt2,
        ["olmo"] = s_gpt2,
        ["jais"] = s_gpt2,
        ["trillion"] = s_gpt2,
        ["granite-docling"] = s_gpt2,
        ["gigachat"] = s_gpt2,
        ["mellum"] = s_gpt2,
        ["smollm"] = s_digits,
        ["starcoder"] = s_digits,
        ["refact"] = s_digits,
        ["command-r"] = s_digits,
        ["codeshell"] = s_digits,
        ["exaone"] = s_digits,
        ["minerva-7b"] = s_digits,
        ["llama-bpe"] = s_llama3,
        ["llama3"] = s_llama3,
        ["llama-v3"] = s_llama3,
        ["falcon3"] = s_llama3,
        ["falcon-h1"] = s_llama3,
        ["pixtral"] = s_llama3,
        ["midm-2.0"] = s_llama3,
        ["lfm2"] = s_llama3,
        ["dbrx"] = new(WordRules.Llama3),
        ["smaug-bpe"] = new(WordRules.Llama3),
        ["glm4"] = new(WordRules.Llama3),
        ["chatglm-bpe"] = new(WordRules.Llama3),
        ["qwen2"] = s_qwen2,
        ["deepseek-r1-qwen"] = s_qwen2,
        ["kormo"] = s_qwen2,
        ["stablelm2"] = s_qwen2,
        ["megrez"] = s_qwen2,
        ["hunyuan"] = s_qwen2,
        ["solar-open"] = s_qwen2,
        ["qwen35"] = new(WordRules.Qwen35),
        ["tekken"] = new(CasedWordRules.Tekken) { IgnoresMerges = true, AddBos = true },
        ["gpt-4o"] = new(CasedWordRules.Gpt4o),
        ["llama4"] = new(CasedWordRules.Gpt4o),
        ["kanana2"] = new(CasedWordRules.Gpt4o),
        ["falcon"] = new(RunRules.SignalsAndTicks, WordRules.Gpt2, RunRules.ExactlyThreeDigits),
        ["deepseek-coder"] = new(
            RunRules.LineEnd, RunRules.SpacedLetters, RunRules.SpacedPunctuation, RunRules.EastAsian, RunRules.Digit),
        ["deepseek-v3"] = new(RunRules.ThreeDigits, RunRules.ChineseAndKana, RunRules.DeepSeek3),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All known names, in order of the alphabet.</summary>
    internal static IEnumerable<string> Names => s_known.Keys.Order(StringComparer.Ordinal);

    /// <summary>The one of a name; null for a name that is not known.</summary>
    internal static PreTokenizer? Find(string name) => s_known.GetValueOrDefault(name);
}
