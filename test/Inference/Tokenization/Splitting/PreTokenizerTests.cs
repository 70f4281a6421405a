using Halo.Inference.Tokenization.Splitting;

namespace Halo.Inference.Tests.Tokenization.Splitting;

public sealed class PreTokenizerTests
{
    private const string Vocabularies = "models/tokenizers/llama.cpp-vocab/";

    // Words are shown with a bar between.
    [Theory]
    [InlineData("gpt-2", "Hello, y'all! It's 12345", "Hello|,| y|'|all|!| It|'s| 12345")]
    [InlineData("gpt-2", "a  b\n\n c\n", "a| | b|\n\n| c|\n")]
    [InlineData("gpt-2", "don'T we'll", "don|'|T| we|'ll")]
    [InlineData("gpt-2", "x\u00a0y é中🙂🙂 ½", "x|\u00a0|y| é中|🙂🙂| ½")]
    [InlineData("gpt-2", "a\u0301b", "a|\u0301|b")]
    [InlineData("smollm", "a 123 b", "a| |1|2|3| b")]
    [InlineData("starcoder", "x1y  22", "x|1|y|  |2|2")]
    [InlineData("llama-bpe", "Hello, y'all! It'S 1234567", "Hello|,| y|'all|!| It|'S| |123|456|7")]
    [InlineData("llama-bpe", "a\r\n\r\n  b !!\n\nc", "a|\r\n\r\n| | b| !!\n\n|c")]
    [InlineData("llama-bpe", "(word) \t x \n", "(word|)| \t| x| \n")]
    [InlineData("llama-bpe", "a   ", "a|   ")]
    [InlineData("llama-bpe", "  \n  \n   x", "  \n  \n|  | x")]
    [InlineData("llama-bpe", "\u0301a ٣٤٥٦", "\u0301a| |٣٤٥|٦")]
    [InlineData("qwen2", "It'Ll be 2024\n", "It|'Ll| be| |2|0|2|4|\n")]
    [InlineData("qwen2", "สวัสดี", "สว|ัสด|ี")]
    [InlineData("qwen35", "สวัสดี a\u0301", "สวัสดี| a\u0301")]
    [InlineData("tekken", "camelCase HTTPServer ABC 12/\n中文Ab", "camel|Case| HTTPServer| ABC| |1|2|/\n|中文Ab")]
    [InlineData("tekken", "中AB c", "中|AB| c")]
    [InlineData("gpt-4o", "it's HE'LL 1234", "it's| HE'LL| |123|4")]
    [InlineData("default", "a, b++ 12345", "a|,| b|++| |123|45")]
    [InlineData("falcon", "a`b 12345", "a|`|b| |123|45")]
    [InlineData("deepseek-coder", "if (x == 10)\n\t中文", "if| (|x| == |1|0|)|\n|\t|中文")]
    [InlineData("deepseek-v3", "foo(bar) 12345 中文字 a\n\n", "foo|(bar|)| |123|45| |中文字| a|\n\n")]
    public void Split_EachRule_GivesItsWords(string pre, string text, string expected) => Assert.Equal(expected.Split('|'), Words(pre, text));

    [Fact]
    public void Split_AnyTextAndRule_CutsBetweenCharactersAndLosesNothing()
    {
        Random random = new(3);
        string[] units = ["a", "B", " ", "  ", "\n", "\r\n", "\t", "1", "23", "'s", "'RE", "é", "中", "🙂", "\u0301", "!", "<", "\u00a0", "\u200b", "𝒜", "\uD800", "½", "_", "ʰ"];
        foreach (string pre in PreTokenizers.Names)
        {
            for (int run = 0; run < 200; run++)
            {
                string text = string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => units[random.Next(units.Length)]));
                string[] words = Words(pre, text);
                Assert.Equal(text, string.Concat(words));
                Assert.All(words, word => Assert.True(word.Length > 0 && !char.IsLowSurrogate(word[0])));
            }
        }
    }

    // Without a vocabulary it is not known which tokens a word has; but equal words have equal ones, and each text's are those of its words in order.
    [SharedTheory(Vocabularies + "ggml-vocab-llama-bpe.gguf.inp", Vocabularies + "ggml-vocab-qwen2.gguf.inp")]
    [InlineData("llama-bpe", 75)]
    [InlineData("qwen2", 100)]
    public void Split_LlamaCppVectorsWithoutVocabulary_AreConsistent(string pre, int leastChecked)
    {
        (string Text, int[] Tokens)[] vectors = TokenizerVectors.Read(TestPaths.Shared($"{Vocabularies}ggml-vocab-{pre}.gguf"));
        Dictionary<string, int[]> known = new(StringComparer.Ordinal);
        bool learnt = true;
        int checkedTokens = 0;
        while (learnt)
        {
            learnt = false;
            checkedTokens = 0;
            foreach ((string text, int[] tokens) in vectors)
            {
                string[] words = Words(pre, text);
                Assert.True(words.Length <= tokens.Length, $"\"{text}\" has {words.Length} words and {tokens.Length} tokens");
                int first = 0;
                int start = 0;
                for (; first < words.Length && known.TryGetValue(words[first], out int[]? ids); first++)
                {
                    Assert.Equal(ids, tokens.Skip(start).Take(ids.Length));
                    start += ids.Length;
                }

                int last = words.Length;
                int end = tokens.Length;
                for (; last > first && known.TryGetValue(words[last - 1], out int[]? ids); last--)
                {
                    end -= ids.Length;
                    Assert.Equal(ids, tokens.Skip(end).Take(ids.Length));
                }

                checkedTokens += start + tokens.Length - end;
                if (last - first == 1 || (last > first && last - first == end - start))
                {
                    // One word is left, or as many words as tokens.
                    for (int i = first; i < last; i++)
                    {
                        int[] ids = last - first == 1 ? tokens[start..end] : [tokens[start + i - first]];
                        learnt |= known.TryAdd(words[i], ids);
                        Assert.Equal(known[words[i]], ids);
                    }
                }
                else
                {
                    Assert.Equal(first == last, start == end);
                }
            }
        }

        Assert.True(checkedTokens >= leastChecked, $"{checkedTokens} tokens checked");
    }

    private static string[] Words(string pre, string text)
    {
        List<string> words = [];
        int start = 0;
        foreach (int end in PreTokenizers.Find(pre)!.Split(text))
        {
            words.Add(text[start..end]);
            start = end;
        }

        return [.. words];
    }
}
