using System.Text;

namespace Halo.EndToEnd.Tests.Boards.Security;

/// <summary>What must not be in any output.</summary>
internal static class Secrets
{
    /// <summary>Neither a cluster's key nor any usual way of writing it is in a text.</summary>
    internal static void AssertNone(string output, ClusterFolder folder)
    {
        string key = File.ReadAllText(folder.KeyFile).Trim();
        byte[] bytes = Convert.FromBase64String(key);
        byte[] text = Encoding.UTF8.GetBytes(key);
        foreach (string form in new[] { key, key[..16], Convert.ToHexString(bytes), Convert.ToHexString(text), Convert.ToBase64String(text), BitConverter.ToString(bytes) })
        {
            Assert.DoesNotContain(form, output, StringComparison.OrdinalIgnoreCase);
        }
    }
}
