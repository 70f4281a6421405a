using Halo.Inference.Gguf;
using Halo.Inference.Tests.Gguf;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Tokenization.BytePairs;

public sealed class HostileVocabularyTests
{
    public static TheoryData<string, object> Faults => new()
    {
        { "tokenizer.ggml.model", "" },
        { "tokenizer.ggml.tokens", "" },
        { "tokenizer.ggml.tokens", Array.Empty<string>() },
        { "tokenizer.ggml.tokens", new float[8] },
        { "tokenizer.ggml.tokens", (string[])["a", "b", "a"] },
        { "tokenizer.ggml.tokens", (string[])[new string('a', 5000)] },
        { "tokenizer.ggml.token_type", new int[3] },
        { "tokenizer.ggml.token_type", Changed("tokenizer.ggml.token_type", 5, 7) },
        { "tokenizer.ggml.token_type", Changed("tokenizer.ggml.token_type", 5, -1) },
        { "tokenizer.ggml.token_type", "normal" },
        { "tokenizer.ggml.scores", new float[3] },
        { "tokenizer.ggml.merges", "" },
        { "tokenizer.ggml.merges", new int[3] },
        { "tokenizer.ggml.merges", (string[])["ab"] },
        { "tokenizer.ggml.merges", (string[])["a "] },
        { "tokenizer.ggml.merges", (string[])[" a"] },
        { "tokenizer.ggml.merges", (string[])[""] },
        { "tokenizer.ggml.merges", (string[])["a  b"] },
        { "tokenizer.ggml.merges", (string[])["a b c"] },
        { "tokenizer.ggml.merges", (string[])["a z"] },
        { "tokenizer.ggml.merges", (string[])["zz a"] },
        { "tokenizer.ggml.merges", (string[])["a zz"] },
        { "tokenizer.ggml.bos_token_id", 100_000u },
        { "tokenizer.ggml.eos_token_id", -7 },
        { "tokenizer.ggml.eot_token_id", "end" },
        { "tokenizer.ggml.eom_token_id", 3_000_000_000u },
        { "tokenizer.ggml.unknown_token_id", 1.5f },
        { "tokenizer.ggml.add_bos_token", 1u },
        { "tokenizer.ggml.add_eos_token", "no" },
        { "tokenizer.ggml.pre", 7u },
        { "tokenizer.ggml.pre", "gpt-7" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Create_MalformedKey_NamesIt(string key, object value) => Assert.Contains(
        $"'{key}'",
        Assert.Throws<GgufFormatException>(() => TokenizerFactory.Create(TestBytePairs.Metadata((key, value)))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Create_UnknownPre_ListsKnownOnes()
    {
        string message = Assert.Throws<GgufFormatException>(() => TokenizerFactory.Create(TestBytePairs.Metadata(("tokenizer.ggml.pre", "gpt-7")))).Message;

        Assert.All((string[])["'gpt-7'", "llama-bpe", "qwen2", "smollm", "starcoder"], name => Assert.Contains(name, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Create_NoPre_IsTheDefault() => Assert.Equal(
        TestBytePairs.Create(("tokenizer.ggml.pre", "default")).Encode("a12<b", addBos: false),
        TestBytePairs.Create(("tokenizer.ggml.pre", "")).Encode("a12<b", addBos: false));

    // Whatever becomes of the keys, the vocabulary is refused in words or does its work.
    [Fact]
    public void Create_SeededMutations_RefusedOrUsable()
    {
        Random random = new(7);
        int refused = 0;
        int usable = 0;
        for (int run = 0; run < 2_000 * Nightly.Repeats; run++)
        {
            Dictionary<string, object> entries = TestBytePairs.Entries();
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                Mutate(random, entries);
            }

            try
            {
                ITokenizer tokenizer = TokenizerFactory.Create(TestMetadata.Of([.. entries.Select(pair => (pair.Key, pair.Value))]));
                int[] tokens = tokenizer.Encode("aaaa abc <|start|>é🙂 12", addBos: true, parseSpecial: true);
                Assert.All(tokens, token => Assert.InRange(token, 0, tokenizer.VocabularySize - 1));
                tokenizer.Decode(tokens);
                usable++;
            }
            catch (GgufFormatException fault)
            {
                Assert.Contains("tokenizer.ggml.", fault.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.True(refused > 100 && usable > 100, $"{refused} refused, {usable} usable");
    }

    private static void Mutate(Random random, Dictionary<string, object> entries)
    {
        string key = entries.Keys.ElementAt(random.Next(entries.Count));
        switch (random.Next(8))
        {
            case 0:
                entries.Remove(key);
                entries["tokenizer.ggml.eot_token_id"] = (uint)random.Next(300);
                break;
            case 1:
                entries[key] = random.Next(3) switch { 0 => (uint)random.Next(400), 1 => "gpt2", _ => random.NextSingle() };
                break;
            default:
                entries[key] = Mutated(random, entries[key]);
                break;
        }
    }

    private static object Mutated(Random random, object value)
    {
        switch (value)
        {
            case string[] texts:
                string[] changed = [.. texts];
                int at = random.Next(changed.Length);
                changed[at] = random.Next(5) switch
                {
                    0 => "",
                    1 => changed[random.Next(changed.Length)],
                    2 => changed[at] + (char)random.Next(0x20, 0x180),
                    3 => changed[at][..(changed[at].Length / 2)],
                    _ => "\uD800 " + changed[at],
                };
                return random.Next(10) == 0 ? changed[..at] : changed;
            case int[] kinds:
                int[] other = [.. kinds];
                other[random.Next(other.Length)] = random.Next(-1, 8);
                return random.Next(10) == 0 ? other[1..] : other;
            case uint:
                return (uint)random.Next(300);
            default:
                return value;
        }
    }

    private static int[] Changed(string key, int at, int value)
    {
        int[] kinds = (int[])TestBytePairs.Entries()[key];
        kinds[at] = value;
        return kinds;
    }
}
